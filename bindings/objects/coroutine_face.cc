#include "bindings/objects/coroutine_face.h"

#include <frameobject.h>

#include <string_view>

#include "bindings/py/call.h"
#include "bindings/py/error.h"

namespace phaseloop {
namespace {

std::string_view function_at(Place place) noexcept {
  const std::string_view path = place;
  return path.substr(0, path.find_first_of("@ "));
}

Ref<> text_of(std::string_view text) noexcept {
  return py::steal(PyUnicode_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size())));
}

// None as long as there is nobody to ask.
Ref<> ask(const Ref<>& function, Ref<> path) noexcept {
  if (!path) return py::raised;
  return function ? py::call(function.get(), path.get()) : py::none();
}

// One entry more for the traceback, outside of those that are there. False: error set.
bool add_entry(Ref<>& traceback, PyObject* entry) noexcept {
  if (!PyTuple_Check(entry) || PyTuple_GET_SIZE(entry) != 3) return false;
  Ref<> next = py::or_none(traceback.get());
  traceback = py::call(py::object(&PyTraceBack_Type), next.get(), PyTuple_GET_ITEM(entry, 0),
                       PyTuple_GET_ITEM(entry, 1), PyTuple_GET_ITEM(entry, 2));
  return static_cast<bool>(traceback);
}

// The error stays the one that is pending, whatever becomes of this: where there is no room for a
// call or an entry (a RecursionError may be what passes) the traceback does without.
void trace_path(State& state, Ref<> path) noexcept {
  if (PyErr_Occurred() == nullptr) return;
  Ref<> error = py::fetch_error();
  Ref<> entries = ask(state.place_trace, std::move(path));
  Ref<> traceback = py::steal(PyException_GetTraceback(error.get()));
  bool added = entries && PyTuple_Check(entries.get());
  for (Py_ssize_t i = 0; added && i < PyTuple_GET_SIZE(entries.get()); ++i) {
    added = add_entry(traceback, PyTuple_GET_ITEM(entries.get(), i));
  }
  if (added && traceback) PyException_SetTraceback(error.get(), traceback.get());
  if (PyErr_Occurred() != nullptr) py::ignore_error();
  py::restore_error(std::move(error));
}

}  // namespace

Ref<> qualified_name_at(Place place) noexcept { return text_of(function_at(place)); }

Ref<> name_at(Place place) noexcept {
  const std::string_view name = function_at(place);
  return text_of(name.substr(name.rfind('.') + 1));
}

Ref<> repr_at(Place place, PyObject* self) noexcept {
  Ref<> name = qualified_name_at(place);
  if (!name) return py::raised;
  return py::steal(PyUnicode_FromFormat("<coroutine object %U at %p>", name.get(), self));
}

void warn_never_awaited(Place place, PyObject* self) noexcept {
  py::ErrorScope keep;
  Ref<> name = qualified_name_at(place);
  if (!name || PyErr_WarnFormat(PyExc_RuntimeWarning, 1, "coroutine '%U' was never awaited",
                                name.get()) < 0) {
    py::write_unraisable(self);
  }
}

Ref<> code_at(State& state, Place place) noexcept {
  return ask(state.place_code, py::steal(PyUnicode_FromString(place)));
}
Ref<> frame_at(State& state, Place place) noexcept {
  return ask(state.place_frame, py::steal(PyUnicode_FromString(place)));
}
Ref<> first_frame_of(State& state, Place place) noexcept {
  return ask(state.place_frame, qualified_name_at(place));
}

Ref<> awaits_at(State& state, Place place, Ref<> awaited) noexcept {
  Ref<> path = awaited ? py::steal(PyUnicode_FromString(place)) : nullptr;
  if (!path || !state.place_awaits) return awaited;
  return py::call(state.place_awaits.get(), path.get(), awaited.get());
}

void trace_place(State& state, Place place) noexcept {
  trace_path(state, py::steal(PyUnicode_FromString(place)));
}
void trace_beginning(State& state, Place place) noexcept {
  trace_path(state, qualified_name_at(place));
}

void trace_raise(State& state, Place place, const char* name) noexcept {
  if (PyErr_Occurred() == nullptr) return;
  Ref<> error = py::fetch_error();
  Ref<> path = py::steal(PyUnicode_FromString(place));
  Ref<> called =
      name != nullptr
          ? py::steal(PyUnicode_FromString(name))
          : py::steal(PyObject_GetAttrString(py::object(Py_TYPE(error.get())), "__name__"));
  if (path && called && state.place_raised) {
    path = py::call(state.place_raised.get(), path.get(), called.get());
  }
  if (PyErr_Occurred() != nullptr) py::ignore_error();
  py::restore_error(std::move(error));
  if (path) trace_path(state, std::move(path));
}

Ref<> class_of_coroutines(PyObject*) noexcept { return py::borrow(py::object(&PyCoro_Type)); }

Ref<> refuse_to_reduce(PyObject*, PyObject*) noexcept {
  return py::raise(PyExc_TypeError, "cannot pickle 'coroutine' object");
}

Ref<> new_frame(PyObject* code, PyObject* globals) noexcept {
  if (!PyCode_Check(code) || !PyDict_Check(globals)) {
    return py::raise(PyExc_TypeError, "code and a dictionary are expected, got %R and %R", code,
                     globals);
  }
  PyFrameObject* frame =
      PyFrame_New(PyThreadState_Get(), reinterpret_cast<PyCodeObject*>(code), globals, nullptr);
  return py::steal(reinterpret_cast<PyObject*>(frame));
}

}  // namespace phaseloop
