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
Ref<Handle> as_handle(DoneCallback& self) noexcept {
  Ref<> args = py::steal(PyTuple_Pack(1, self.future.get()));
  if (!args) return py::raised;
  return new_handle(*future_data(self.future.get()).data, self.callback.get(), std::move(args),
                    self.context.get());
}

void report_failure(DoneCallback& self, LoopData& data, PyObject* loop) noexcept {
  Ref<> exception = py::fetch_error();
  Ref<Handle> handle = as_handle(self);
  if (!handle) return py::write_unraisable(self.callback.get());
  callback_failed(data, loop, self.callback.get(), handle->args.get(), handle.obj(),
                  std::move(exception));
}

Ref<> describe(Runnable& work) noexcept { return as_handle(callback_of(work)); }

void run(Runnable& work) noexcept {
  DoneCallback& self = callback_of(work);
  FutureData& future = future_data(self.future.get());
  LoopData& data = *future.data;
  leave_standing_task(data);
  PyObject* arg = self.future.get();
  Ref<> result = call_in_context(self.context.get(), self.callback.get(), &arg, 1);
  if (!result) {
    Ref<> loop = future.loop.share();
    report_failure(self, data, loop.get());
  }
  delete &self;
}

void drop(Runnable& work) noexcept { delete &callback_of(work); }

PyObject* owner(Runnable&) noexcept { return nullptr; }

int call_foreign(Runnable& work, PyObject* loop) noexcept {
  DoneCallback& self = callback_of(work);
  State& state = future_data(self.future.get()).data->state;
  Ref<> handle = py::call_method_kw(loop, state.names.call_soon.get(), state.context_keyword.get(),
                                    self.callback.get(), self.future.get(), self.context.get());
  py::ErrorScope keep;
  delete &self;
  return handle ? 0 : -1;
}

int visit_callback(Runnable& work, visitproc visit, void* arg) noexcept {
  return py::visit_refs(callback_of(work), visit, arg);
}

constexpr WorkKind kKind{{run, drop}, owner, call_foreign, visit_callback, describe};

}  // namespace

DoneCallback::DoneCallback(Ref<> fn, Ref<> own_context) noexcept
    : Waiter(kKind), callback(std::move(fn)), context(std::move(own_context)) {}

DoneCallback* new_done_callback(PyObject* callback, PyObject* context) noexcept {
  auto* waiter = new (std::nothrow) DoneCallback(py::borrow(callback), py::borrow(context));
  if (waiter == nullptr) PyErr_NoMemory();
  return waiter;
}

DoneCallback* as_done_callback(Waiter& waiter) noexcept {
  return &waiter.kind() == &kKind ? static_cast<DoneCallback*>(&waiter) : nullptr;
}

}  // namespace phaseloop
