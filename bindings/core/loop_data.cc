#include "bindings/core/loop_data.h"

#include <cmath>
#include <cstdint>

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

}  // namespace phaseloop
