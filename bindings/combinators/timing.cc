#include "bindings/combinators/timing.h"

#include <cmath>

namespace phaseloop {

bool as_seconds(PyObject* number, double& seconds) noexcept {
  if (PyFloat_CheckExact(number)) {
    seconds = PyFloat_AS_DOUBLE(number);
    return !std::isnan(seconds);
  }
  if (!PyLong_CheckExact(number)) return false;
  seconds = PyLong_AsDouble(number);
  return seconds != -1.0 || PyErr_Occurred() == nullptr || !py::consume_error(PyExc_OverflowError);
}

int arm_after(LoopData& data, PyObject* owner, Timer& timer, double seconds) noexcept {
  if (check_closed(data) < 0) return -1;
  const Instant deadline = to_deadline(to_seconds(data.events->now()) + seconds);
  if (!data.events->call_at(timer, deadline)) {
    PyErr_NoMemory();
    return -1;
  }
  py::acquire(owner);
  return 0;
}

}  // namespace phaseloop
