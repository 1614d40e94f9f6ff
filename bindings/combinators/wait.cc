#include "bindings/combinators/wait.h"

#include <algorithm>
#include <new>

#include "bindings/combinators/children.h"
#include "bindings/combinators/timing.h"
#include "bindings/objects/base_task.h"
#include "bindings/objects/operation.h"
#include "bindings/objects/task.h"
#include "bindings/py/call.h"
#include "bindings/py/version.h"
#include "runtime/task/join.h"

namespace phaseloop {
namespace {

using Begun = OperationKind::Begun;

struct Wait : Operation, Timer {
  Ref<> arguments;  // (fs, timeout, return_when), as given
  Ref<> awaiter;    // the task that waits
  Children children;
  Join join;
};

Wait& wait_of(Operation& op) noexcept { return static_cast<Wait&>(op); }
Wait& wait_of(Runnable& timer) noexcept { return static_cast<Wait&>(static_cast<Timer&>(timer)); }

PyObject* argument(Wait& wait, Py_ssize_t i) noexcept {
  return PyTuple_GET_ITEM(wait.arguments.get(), i);
}

void timed_out(Runnable& work) noexcept {
  Wait& wait = wait_of(work);
  Ref<> share = py::steal(object_of(wait));
  wake_from_loop(wait);
}
void drop_timer(Runnable& work) noexcept { Ref<> share = py::steal(object_of(wait_of(work))); }
PyObject* timer_owner(Runnable& work) noexcept { return object_of(wait_of(work)); }
constexpr WorkKind kTimerKind{{timed_out, drop_timer}, timer_owner, nullptr};

void child_done(Runnable& work) noexcept {
  Child& child = child_of(work);
  Ref<> share = py::steal(child.parent);
  Wait& wait = wait_of(operation(child.parent));
  if (wait.awaiter) hide_awaiting(child.future, wait.awaiter.get());
  if (!wait.join.arrive(future_data(child.future).failed)) return;
  disarm(wait, wait);
  wake_from_loop(wait);
}
constexpr WorkKind kChildKind = child_kind(child_done, "_wait._on_completion");

// False: not one of the three.
bool parse_until(PyObject* return_when, Join::Until& until) noexcept {
  static constexpr std::pair<const char*, Join::Until> kKnown[] = {
      {"ALL_COMPLETED", Join::Until::all_completed},
      {"FIRST_COMPLETED", Join::Until::first_completed},
      {"FIRST_EXCEPTION", Join::Until::first_exception}};
  if (!PyUnicode_CheckExact(return_when)) return false;
  for (auto [name, value] : kKnown) {
    if (PyUnicode_CompareWithASCIIString(return_when, name) == 0) {
      until = value;
      return true;
    }
  }
  return false;
}

// The futures to wait for, in order: 1; 0: they are not ours to judge; -1.
int futures_of(Wait& wait, py::Objects& futures) noexcept {
  PyObject* fs = argument(wait, 0);
  Ref<> items;
  if (PyList_CheckExact(fs) || PyTuple_CheckExact(fs)) {
    items = py::borrow(fs);
  } else if (PyAnySet_CheckExact(fs)) {
    items = py::steal(PySequence_List(fs));
    if (!items) return -1;
  } else {
    return 0;
  }
  const Py_ssize_t count = PySequence_Fast_GET_SIZE(items.get());
  if (count == 0) return 0;
  const Wanted wanted{.coroutines = false, .unique = true, .log_destroy_pending = true};
  return native_futures(*wait.data, wait.loop.get(), PySequence_Fast_ITEMS(items.get()),
                        static_cast<std::size_t>(count), wanted, futures);
}

Begun begin(Operation& op, Ref<>&) noexcept {
  Wait& wait = wait_of(op);
  Join::Until until;
  PyObject* timeout = argument(wait, 1);
  double seconds = 0;
  if (!parse_until(argument(wait, 2), until)) return Begun::not_ours;
  if (timeout != Py_None && !as_seconds(timeout, seconds)) return Begun::not_ours;
  py::Objects futures;
  const int ours = futures_of(wait, futures);
  if (ours <= 0) return ours == 0 ? Begun::not_ours : Begun::failed;
  if (timeout != Py_None && arm_after(*op.data, object_of(op), wait, seconds) < 0) {
    return Begun::failed;
  }
  if (wait.children.make(kChildKind, object_of(op), futures) < 0) return Begun::failed;
  wait.join = Join(wait.children.size(), until);
  if (version::kTasksInThreadState) wait.awaiter = py::borrow(stepping.task);
  for (std::size_t i = 0; i < wait.children.size(); ++i) {
    if (wait.children.wait(i) < 0) return Begun::failed;
    if (wait.awaiter) show_awaiting(wait.children[i].future, wait.awaiter.get());
  }
  return Begun::suspended;
}

Ref<> finish(Operation& op, Ref<>) noexcept {
  Wait& wait = wait_of(op);
  Ref<> done = py::steal(PySet_New(nullptr));
  Ref<> pending = py::steal(PySet_New(nullptr));
  if (!done || !pending) return py::raised;
  for (std::size_t i = 0; i < wait.children.size(); ++i) {
    PyObject* future = wait.children[i].future;
    PyObject* set = future_data(future).state.done() ? done.get() : pending.get();
    if (PySet_Add(set, future) < 0) return py::raised;
  }
  return py::steal(PyTuple_Pack(2, done.get(), pending.get()));
}

void abandon(Operation& op) noexcept {
  Wait& wait = wait_of(op);
  wait.children.stop_waiting();
  disarm(op, wait);
  if (Ref<> awaiter = std::move(wait.awaiter)) {
    for (std::size_t i = 0; i < wait.children.size(); ++i) {
      hide_awaiting(wait.children[i].future, awaiter.get());
    }
  }
}

Ref<> delegate(Operation& op) noexcept {
  State* state = state_of_type(Py_TYPE(object_of(op)));
  if (state == nullptr) return py::raised;
  Wait& wait = wait_of(op);
  Ref<> keywords = py::steal(
      Py_BuildValue("{sOsO}", "timeout", argument(wait, 1), "return_when", argument(wait, 2)));
  Ref<> positional = py::steal(PyTuple_Pack(1, argument(wait, 0)));
  if (!keywords || !positional) return py::raised;
  return py::steal(PyObject_Call(state->stock_wait.get(), positional.get(), keywords.get()));
}

int traverse(Operation& op, visitproc visit, void* arg) noexcept {
  Py_VISIT(wait_of(op).arguments.get());
  Py_VISIT(wait_of(op).awaiter.get());
  return wait_of(op).children.traverse(visit, arg);
}

void clear(Operation& op) noexcept {
  Wait& wait = wait_of(op);
  if (!wait.children.reset()) return;
  wait.arguments = nullptr;
}

constexpr OperationKind kKind{"wait@0 _wait@0", begin,    nullptr,  finish,
                              abandon,          delegate, traverse, clear};

// 1, 0 or -1: is this a list, tuple or set with nothing but futures of ours in it?
int holds_futures(State& state, PyObject* fs) noexcept {
  const auto is_future = [&state](PyObject* item) noexcept {
    return is_native_future(state, Py_TYPE(item));
  };
  if (PyList_CheckExact(fs) || PyTuple_CheckExact(fs)) {
    PyObject** items = PySequence_Fast_ITEMS(fs);
    return std::all_of(items, items + PySequence_Fast_GET_SIZE(fs), is_future) ? 1 : 0;
  }
  if (!PyAnySet_CheckExact(fs)) return 0;
  Ref<> items = py::steal(PyObject_GetIter(fs));
  if (!items) return -1;
  while (Ref<> item = py::steal(PyIter_Next(items.get()))) {
    if (!is_future(item.get())) return 0;
  }
  return PyErr_Occurred() == nullptr ? 1 : -1;
}

}  // namespace

Ref<> wait(PyObject* self, py::Args args) noexcept {
  State& state = *reinterpret_cast<State*>(self);
  PyObject *fs = nullptr, *timeout = Py_None, *return_when = state.names.ALL_COMPLETED.get();
  if (!py::fits({.function = "wait", .positional_max = 1, .required = 1}, args,
                {{"fs", &fs}, {"timeout", &timeout}, {"return_when", &return_when}})) {
    return nullptr;
  }
  const int futures = holds_futures(state, fs);
  if (futures <= 0) return nullptr;
  Ref<> made = new_operation(state.wait_type.get(), kKind);
  if (!made) return py::raised;
  Wait& wait = wait_of(operation(made.get()));
  ::new (static_cast<Timer*>(&wait)) Timer(kTimerKind);
  ::new (static_cast<void*>(&wait.children)) Children;
  wait.arguments = py::steal(PyTuple_Pack(3, fs, timeout, return_when));
  if (!wait.arguments) return py::raised;
  return made;
}

Ref<PyTypeObject> new_wait_type(State& state, PyObject* module) noexcept {
  return derive_operation_type(state, module, "phaseloop._native._Wait", sizeof(Wait));
}

}  // namespace phaseloop
