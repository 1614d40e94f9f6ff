#include "bindings/objects/done_callback.h"

#include <new>

#include "bindings/core/current_task.h"
#include "bindings/core/handle.h"
#include "bindings/objects/future.h"
#include "bindings/py/call.h"
#include "bindings/py/gc.h"

namespace phaseloop {
namespace {

DoneCallback& callback_of(Runnable& work) noexcept {
  return static_cast<DoneCallback&>(static_cast<Waiter&>(work));
}

// What asyncio would have scheduled; made only where it has to be named.
Ref<Handle> as_handle(FutureData& future, PyObject* callback, PyObject* context) noexcept {
  Ref<> args = py::steal(PyTuple_Pack(1, object_of(future)));
  if (!args) return py::raised;
  return new_handle(*future.data, callback, std::move(args), context);
}

Ref<> describe(Runnable& work) noexcept {
  DoneCallback& self = callback_of(work);
  return as_handle(future_data(self.future.get()), self.callback.get(), self.context.get());
}

void run(Runnable& work) noexcept {
  DoneCallback& self = callback_of(work);
  FutureData& future = future_data(self.future.get());
  leave_standing_task(*future.data);
  PyObject* arg = self.future.get();
  Ref<> result = call_in_context(self.context.get(), self.callback.get(), &arg, 1);
  if (!result) future_callback_failed(future, self.callback.get(), self.context.get());
  delete &self;
}

void drop(Runnable& work) noexcept { delete &callback_of(work); }

PyObject* owner(Runnable&) noexcept { return nullptr; }

int call_foreign(Runnable& work, PyObject* loop) noexcept {
  DoneCallback& self = callback_of(work);
  State& state = future_data(self.future.get()).data->state;
  const int called =
      call_soon_python(state, loop, self.callback.get(),
                       py::steal(PyTuple_Pack(1, self.future.get())), self.context.get());
  py::ErrorScope keep;
  delete &self;
  return called;
}

int visit_callback(Runnable& work, visitproc visit, void* arg) noexcept {
  return py::visit_refs(callback_of(work), visit, arg);
}

constexpr WorkKind kKind{{run, drop}, owner, call_foreign, visit_callback, describe};

}  // namespace

DoneCallback::DoneCallback(Ref<> fn, Ref<> own_context) noexcept
    : Waiter(kKind), callback(std::move(fn)), context(std::move(own_context)) {}

void future_callback_failed(FutureData& future, PyObject* callback, PyObject* context) noexcept {
  Ref<> exception = py::fetch_error();
  Ref<> loop = future.loop.share();
  Ref<Handle> handle = as_handle(future, callback, context);
  if (!handle) return py::write_unraisable(callback);
  callback_failed(*future.data, loop.get(), callback, handle->args.get(), handle.obj(),
                  std::move(exception));
}

void future_stand_in_failed(FutureData& future, Runnable& stand_in) noexcept {
  Ref<> exception = py::fetch_error();
  const WorkKind& kind = work_kind(stand_in);
  Ref<> callbacks = shown_callbacks(future.data->state, kind, kind.owner(stand_in));
  if (!callbacks) return py::write_unraisable(object_of(future));
  py::restore_error(std::move(exception));
  PyObject* last = PyTuple_GET_ITEM(callbacks.get(), PyTuple_GET_SIZE(callbacks.get()) - 1);
  future_callback_failed(future, last, nullptr);
}

DoneCallback* new_done_callback(PyObject* callback, PyObject* context) noexcept {
  auto* waiter = new (std::nothrow) DoneCallback(py::borrow(callback), py::borrow(context));
  if (waiter == nullptr) PyErr_NoMemory();
  return waiter;
}

DoneCallback* as_done_callback(Waiter& waiter) noexcept {
  return &waiter.kind() == &kKind ? static_cast<DoneCallback*>(&waiter) : nullptr;
}

}  // namespace phaseloop
