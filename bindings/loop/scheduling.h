// The loop's methods that schedule: call_soon() and its kin, time(), create_future(),
// create_task().
#pragma once

#include "bindings/py/args.h"
#include "bindings/py/ref.h"

namespace phaseloop {

py::Ref<> call_soon(PyObject* self, py::Args args) noexcept;
py::Ref<> call_soon_threadsafe(PyObject* self, py::Args args) noexcept;
py::Ref<> call_later(PyObject* self, py::Args args) noexcept;  // seconds from now
py::Ref<> call_at(PyObject* self, py::Args args) noexcept;     // seconds of time()
py::Ref<> loop_time(PyObject* self) noexcept;
py::Ref<> create_future(PyObject* self) noexcept;
py::Ref<> create_task(PyObject* self, py::Args args) noexcept;
// A handle that is run again and again: readers, writers, signals.
py::Ref<> new_callback(PyObject* self, py::Args args) noexcept;
py::Ref<> schedule_callback(PyObject* self, PyObject* handle) noexcept;

}  // namespace phaseloop
