// Routine: a coroutine object whose body is a C++ coroutine.
//
// What `async def` makes in asyncio's own source, made here without a frame of the interpreter: it
// has send, throw, close and await like any coroutine, runs on any loop, and awaits what its Python
// counterpart awaits, in the same order. The body is written like that counterpart:
//
//   Body acquire(Call&, Lock& lock) {
//     Routine& self = co_await this_routine;
//     ...
//     if (!co_await await_on(self, future)) { ... co_return py::raised; }
//     co_return py::boolean(true);
//   }
//
// Owner: whoever holds the object; the body's frame lies inside it. Thread: the loop's.
// Rules for a body. What it refers to across a `co_await` is either plain data or kept in the
// object (`owner`, `keep`), where the garbage collector sees it. A failed await, and returning an
// empty Ref, mean that the Python error is set. The body ends before its object does: close() and
// destruction throw GeneratorExit into it, as Python does.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdlib>

#include "bindings/core/state.h"
#include "bindings/objects/coroutine_face.h"
#include "bindings/py/error.h"
#include "bindings/py/ref.h"

namespace phaseloop {

struct Routine {
  PyObject_VAR_HEAD std::coroutine_handle<> body;  // null once it has ended
  Place place;                                     // where asyncio's coroutine waits: its name, too
  Place at;  // where it is now; null: what is awaited stands in its place
  Ref<State> state;
  PyObject* weak_references;
  Ref<> owner;    // the object whose method it is
  Ref<> keep[4];  // the body's own
  Ref<> awaited;  // while suspended: a future of ours, or the iterator of anything else
  Ref<> result;   // of the last await; at the end what is returned
  Ref<> yielded;  // on its way to the task
  enum class Phase : unsigned char { created, running, suspended, finished } phase;
  bool succeeded;  // the last await
  bool traced;     // the last error has its entries in the traceback
  bool foreign;    // `awaited` is an iterator

  // All but `state`, which is needed to the last.
  auto refs() {
    return std::tie(owner, keep[0], keep[1], keep[2], keep[3], awaited, result, yielded);
  }
};

// What a body is called with first; filled in by the caller, used up by the call.
struct Call {
  State& state;
  Place place;  // "Lock.acquire@0": see coroutine_face.h
  PyObject* owner;
  Routine* made = nullptr;
};

// Awaiting an object from within a body: true, and the value is in `result`; or false with the
// Python error set. `target` is borrowed until the await has begun.
// Without a place it is the one that the routine was made with.
class Await {
 public:
  Await(Routine& routine, PyObject* target, Place place) noexcept
      : routine_(routine), target_(target) {
    routine.at = place;
  }
  bool await_ready() noexcept;
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  bool await_resume() const noexcept { return routine_.succeeded; }

 private:
  Routine& routine_;
  PyObject* target_;
};
inline Await await_on(Routine& routine, PyObject* awaitable) noexcept {
  return {routine, awaitable, routine.place};
}
inline Await await_on(Routine& routine, PyObject* awaitable, Place place) noexcept {
  return {routine, awaitable, place};
}
// Asyncio's own coroutine for the whole of it.
inline Await await_stock(Routine& routine, PyObject* coroutine) noexcept {
  return {routine, coroutine, nullptr};
}

// The body's own errors: the pending one came out of a call at that place, or was raised by
// asyncio's statement that raises something called `name`. Of errors that neither is said of, the
// statement that raises an error of that class is looked for in the functions of the routine's
// place.
inline py::Raised failed_at(Routine& routine, Place place) noexcept {
  trace_place(*routine.state, place);
  routine.traced = true;
  return py::raised;
}
// One that a failed await left and that was set aside since.
inline py::Raised raise_again(Routine& routine, Ref<> error) noexcept {
  routine.traced = true;
  py::restore_error(std::move(error));
  return py::raised;
}
inline py::Raised raised_at(Routine& routine, Place place, const char* name = nullptr) noexcept {
  trace_raise(*routine.state, place, name);
  routine.traced = true;
  return py::raised;
}

struct ThisRoutine {};
inline constexpr ThisRoutine this_routine{};

// The return type of every body: the new Routine, or empty with MemoryError set.
struct Body {
  struct promise_type;
  Ref<> object;
};

// The frame goes where the object says. The compiler finds these by their names.
void* allocate_routine(std::size_t frame, Call& call) noexcept;

struct Body::promise_type {
  template <class... Rest>
  explicit promise_type(Call& call, Rest&...) noexcept : routine(*call.made) {}
  template <class... Rest>
  static void* operator new(std::size_t size, Call& call, Rest&...) noexcept {
    return allocate_routine(size, call);
  }
  static void operator delete(void*, std::size_t) noexcept {}  // the object's memory

  static Body get_return_object_on_allocation_failure() noexcept { return {nullptr}; }
  Body get_return_object() noexcept {
    routine.body = std::coroutine_handle<promise_type>::from_promise(*this);
    return {py::steal(py::object(&routine))};
  }
  std::suspend_always initial_suspend() const noexcept { return {}; }
  std::suspend_always final_suspend() const noexcept { return {}; }
  void return_value(Ref<> value) noexcept { routine.result = std::move(value); }
  void unhandled_exception() const noexcept { std::abort(); }

  Await await_transform(Await await) const noexcept { return await; }
  struct Own {
    Routine& routine;
    bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    Routine& await_resume() const noexcept { return routine; }
  };
  Own await_transform(ThisRoutine) const noexcept { return {routine}; }

  Routine& routine;
};

inline bool is_routine(State& state, PyTypeObject* type) noexcept {
  return type == state.routine_type.get();
}

// The attributes that it has for those who look.
extern PyGetSetDef routine_attributes[];

Ref<PyTypeObject> new_routine_type(PyObject* module) noexcept;

}  // namespace phaseloop
