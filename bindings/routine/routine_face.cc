// What a routine shows to those who look at it: see coroutine_face.h.
#include "bindings/objects/future.h"
#include "bindings/py/call.h"
#include "bindings/py/method.h"
#include "bindings/routine/routine.h"

namespace phaseloop {
namespace {

using Phase = Routine::Phase;

Routine& routine_of(PyObject* self) noexcept { return *reinterpret_cast<Routine*>(self); }

Ref<> get_qualname(PyObject* self) noexcept { return qualified_name_at(routine_of(self).place); }
Ref<> get_name(PyObject* self) noexcept { return name_at(routine_of(self).place); }

Ref<> get_running(PyObject* self) noexcept {
  return py::boolean(routine_of(self).phase == Phase::running);
}
Ref<> get_suspended(PyObject* self) noexcept {
  return py::boolean(routine_of(self).phase == Phase::suspended);
}

// asyncio's own coroutine, which does the whole of it, has the attribute: that one's. Empty without
// an error: there is none.
Ref<> of_stock(Routine& self, const char* name) noexcept {
  if (self.at != nullptr || !self.awaited) return nullptr;
  Ref<> coroutine = self.awaited.share();
  Ref<> value = py::steal(PyObject_GetAttrString(coroutine.get(), name));
  if (!value && !py::consume_error(PyExc_AttributeError)) return py::raised;
  return value;
}

Ref<> get_code(PyObject* self) noexcept {
  Routine& routine = routine_of(self);
  return code_at(*routine.state, routine.place);
}

Ref<> get_frame(PyObject* self) noexcept {
  Routine& routine = routine_of(self);
  if (routine.phase == Phase::finished) return py::none();
  if (routine.phase == Phase::created) return first_frame_of(*routine.state, routine.place);
  Ref<> frame = of_stock(routine, "cr_frame");
  if (frame || PyErr_Occurred() != nullptr) return frame;
  return frame_at(*routine.state, routine.at != nullptr ? routine.at : routine.place);
}

Ref<> get_await(PyObject* self) noexcept {
  Routine& routine = routine_of(self);
  if (routine.phase != Phase::suspended || !routine.awaited) return py::none();
  Ref<> awaited = of_stock(routine, "cr_await");
  if (awaited || PyErr_Occurred() != nullptr) return awaited;
  awaited = routine.awaited.share();
  if (!routine.foreign) awaited = py::steal(new_future_iter(awaited.get()));
  return routine.at != nullptr ? awaits_at(*routine.state, routine.at, std::move(awaited))
                               : std::move(awaited);
}

#if PY_VERSION_HEX >= 0x030f0000
Ref<> get_state(PyObject* self) noexcept {
  const Phase phase = routine_of(self).phase;
  return py::steal(PyUnicode_InternFromString(phase == Phase::created    ? "CORO_CREATED"
                                              : phase == Phase::finished ? "CORO_CLOSED"
                                              : phase == Phase::running  ? "CORO_RUNNING"
                                                                         : "CORO_SUSPENDED"));
}
#endif

// While it is to be known where coroutines are made, asyncio's own are made.
Ref<> get_origin(PyObject*) noexcept { return py::none(); }

}  // namespace

PyGetSetDef routine_attributes[] = {py::getter<class_of_coroutines>("__class__"),
                                    py::getter<get_name>("__name__"),
                                    py::getter<get_qualname>("__qualname__"),
                                    py::getter<get_running>("cr_running"),
                                    py::getter<get_suspended>("cr_suspended"),
                                    py::getter<get_code>("cr_code"),
                                    py::getter<get_frame>("cr_frame"),
                                    py::getter<get_await>("cr_await"),
                                    py::getter<get_origin>("cr_origin"),
#if PY_VERSION_HEX >= 0x030f0000
                                    py::getter<get_state>("cr_state"),
#endif
                                    {}};

}  // namespace phaseloop
