#include "bindings/combinators/shield.h"

#include <new>

#include "bindings/combinators/children.h"
#include "bindings/core/current_task.h"
#include "bindings/objects/base_task.h"
#include "bindings/objects/done_callback.h"
#include "bindings/objects/operation.h"
#include "bindings/objects/task.h"
#include "bindings/py/call.h"
#include "bindings/py/gc.h"
#include "bindings/py/version.h"

namespace phaseloop {
namespace {

using py::Args;

// Stands between the two futures and waits for either; each waiter that is linked holds a share.
struct Shield {
  PyObject_HEAD
  Ref<State> state;
  Ref<> inner, outer;
  Ref<> awaiter;  // the task that is shown to wait for the inner one
  Child* inner_done;
  Child* outer_done;

  // All but `state`, which is needed to the last.
  auto refs() { return std::tie(inner, outer, awaiter); }
};

struct ShieldObject : Shield {
  alignas(Child) unsigned char children[2][sizeof(Child)];
};

Shield& shield_of(PyObject* self) noexcept { return *reinterpret_cast<Shield*>(self); }

// asyncio's _inner_done_callback(). 0, or -1 with an error set.
int pass_on(Shield& shield) noexcept {
  FutureData& inner = future_data(shield.inner.get());
  FutureData& outer = future_data(shield.outer.get());
  if (shield.awaiter) hide_awaiting(shield.inner.get(), shield.awaiter.get());
  if (outer.state.cancelled()) {
    if (shield.state->shield_marks_seen.get() == Py_True) inner.state.exception_unseen = false;
    return 0;
  }
  if (inner.state.cancelled()) return cancel_future(outer, nullptr) < 0 ? -1 : 0;
  if (check_finished(inner) < 0) return -1;
  inner.state.exception_unseen = false;
  return inner.failed ? finish_with_exception(outer, inner.value.get())
                      : finish_with_result(outer, inner.value.share());
}

void inner_done(Runnable& work) noexcept {
  Ref<> self = py::steal(child_of(work).parent);
  Shield& shield = shield_of(self.get());
  if (!shield.inner) return;  // cleared by the garbage collector
  Ref<> inner = shield.inner.share();
  leave_standing_task(*future_data(inner.get()).data);
  if (pass_on(shield) < 0) future_stand_in_failed(future_data(inner.get()), work);
}

// asyncio's _outer_done_callback(): nobody is interested any more.
void outer_done(Runnable& work) noexcept {
  Ref<> self = py::steal(child_of(work).parent);
  Shield& shield = shield_of(self.get());
  if (!shield.inner) return;
  FutureData& inner = future_data(shield.inner.get());
  if (!waits_for(inner, *shield.inner_done)) return;
  remove_waiter(inner, *shield.inner_done);
  if (shield.awaiter) hide_awaiting(shield.inner.get(), shield.awaiter.get());
  drop_child(*shield.inner_done);
}

constexpr WorkKind kInnerDone =
    child_kind(inner_done, version::kTasksInThreadState
                               ? "shield._clear_awaited_by_callback shield._inner_done_callback"
                               : "shield._inner_done_callback");
constexpr WorkKind kOuterDone = child_kind(outer_done, "shield._outer_done_callback");

void wait_for(Child& child) noexcept {
  py::acquire(child.parent);
  // Neither is done, so that nothing is scheduled and nothing can fail.
  [[maybe_unused]] const int added = add_waiter(future_data(child.future), child);
}

Ref<> shield_future(State& state, LoopData& data, Ref<> inner) noexcept {
  PyTypeObject* type = state.shield_type.get();
  Ref<> outer = new_future(data, data.object);
  Ref<> made = outer ? py::steal(type->tp_alloc(type, 0)) : nullptr;
  if (!made) return py::raised;
  auto& object = *reinterpret_cast<ShieldObject*>(made.get());
  object.state = py::borrow(&state);
  object.inner_done = ::new (object.children[0]) Child(kInnerDone, made.get(), inner.get());
  object.outer_done = ::new (object.children[1]) Child(kOuterDone, made.get(), outer.get());
  if (version::kTasksInThreadState) {
    object.awaiter = py::borrow(stepping.task);
    show_awaiting(inner.get(), stepping.task);
  }
  object.inner = std::move(inner);
  object.outer = outer.share();
  wait_for(*object.inner_done);
  wait_for(*object.outer_done);
  return outer;
}

Ref<> call_shield(State& state, Args args) noexcept {
  LoopData* data = driving_loop();
  if (args.count() != 1 || args.keyword_count() != 0 || data == nullptr || data->debug ||
      data->overrides_create_future) {
    return nullptr;
  }
  const Wanted wanted{.coroutines = true, .unique = true, .log_destroy_pending = true};
  py::Objects futures;
  if (native_futures(*data, data->object, args.data(), 1, wanted, futures) <= 0) return nullptr;
  Ref<> inner = futures.take_first();
  if (future_data(inner.get()).state.done()) return inner;
  return shield_future(state, *data, std::move(inner));
}

int traverse(PyObject* self, visitproc visit, void* arg) noexcept {
  Py_VISIT(shield_of(self).state.obj());
  return py::Gc<Shield>::traverse(self, visit, arg);
}

void dealloc(PyObject* self) noexcept {
  Ref<State> state = std::move(shield_of(self).state);
  py::Gc<Shield>::dealloc(self);
}

PyType_Slot slots[] = {{Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                       {Py_tp_clear, reinterpret_cast<void*>(py::Gc<Shield>::clear)},
                       {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                       {0, nullptr}};
PyType_Spec spec = {"phaseloop._native._Shield", sizeof(ShieldObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                    slots};

constexpr Implementation kFunctions[] = {{"shield", call_shield}};

}  // namespace

std::span<const Implementation> shield_functions() noexcept { return kFunctions; }

Ref<PyTypeObject> new_shield_type(PyObject* module) noexcept {
  return py::steal(
      reinterpret_cast<PyTypeObject*>(PyType_FromModuleAndSpec(module, &spec, nullptr)));
}

}  // namespace phaseloop
