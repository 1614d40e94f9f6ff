#include "bindings/core/loop_data.h"

#include <cmath>
#include <cstdint>
#include <limits>

namespace phaseloop {
namespace {

constexpr double kNanoseconds = 1e9;
// Some 146 years: leaves room to add and subtract without overflow.
constexpr double kSecondsMax = 4.6e9;

}  // namespace

void LoopData::escape(Ref<> exception) noexcept {
  // The handle that runs the work raises it then.
  if (stock) state.foreign_loop->escape(exception.share());
  // The first one counts; a second within the same piece of work has it as context already.
  if (!escaped && !stock) escaped = std::move(exception);
  if (events != nullptr) events->interrupt();
}

LoopData* own_data(State& state, PyObject* loop) noexcept {
  if (PyObject_TypeCheck(loop, state.loop_type.get()) == 0) return nullptr;
  return reinterpret_cast<Loop*>(loop)->data;
}

LoopData& loop_data(State& state, PyObject* loop) noexcept {
  LoopData* data = own_data(state, loop);
  return data != nullptr && data->native() ? *data : *state.foreign_loop;
}

double to_seconds(Instant instant) noexcept {
  return static_cast<double>(instant.time_since_epoch().count()) / kNanoseconds;
}

Instant to_deadline(double seconds) noexcept {
  if (std::isnan(seconds)) seconds = 0;  // long ago: asyncio's comparisons come to the same
  if (seconds > kSecondsMax) seconds = kSecondsMax;
  if (seconds < -kSecondsMax) seconds = -kSecondsMax;
  Instant deadline{Duration(static_cast<std::int64_t>(std::ceil(seconds * kNanoseconds)))};
  // The product was rounded: make sure by the very comparison a user would make.
  while (to_seconds(deadline) < seconds) deadline += Duration(1);
  return deadline;
}

namespace {

// An integer of any size, or another object that compares with floats.
bool read_number(LoopData& data, PyObject* number, double& seconds) noexcept {
  const bool whole = PyLong_Check(number) != 0;
  int later = 0;
  if (!whole) {
    Ref<> now = py::steal(PyFloat_FromDouble(to_seconds(data.events->now())));
    if (!now) return false;
    const bool alone = !data.events->next_deadline().has_value();
    later = PyObject_RichCompareBool(number, now.get(), alone ? Py_GE : Py_LT);
    if (later < 0) return false;
    later = (later != 0) == alone ? 1 : -1;
  }
  seconds = whole ? PyLong_AsDouble(number) : PyFloat_AsDouble(number);
  if (seconds != -1.0 || PyErr_Occurred() == nullptr) return true;
  if (!py::consume_error(PyExc_OverflowError)) return false;
  if (whole) static_cast<void>(PyLong_AsLongLongAndOverflow(number, &later));  // its sign
  seconds = later * std::numeric_limits<double>::infinity();
  return true;
}

}  // namespace

bool read_deadline(LoopData& data, PyObject* when, Instant& deadline) noexcept {
  double seconds = 0;
  if (PyFloat_CheckExact(when)) [[likely]] {
    seconds = PyFloat_AS_DOUBLE(when);
  } else if (!read_number(data, when, seconds)) {
    return false;
  }
  std::optional<Instant> first;
  if (std::isnan(seconds)) [[unlikely]]
    first = data.events->next_deadline();
  deadline = first ? *first : to_deadline(seconds);
  return true;
}

}  // namespace phaseloop
