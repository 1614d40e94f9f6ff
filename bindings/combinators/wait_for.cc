#include "bindings/combinators/wait_for.h"

#include <new>

#include "bindings/combinators/timeout.h"
#include "bindings/combinators/timing.h"
#include "bindings/core/work.h"
#include "bindings/objects/operation.h"
#include "bindings/objects/task.h"
#include "bindings/py/call.h"
#include "bindings/py/dealloc.h"
#include "bindings/py/gc.h"
#include "bindings/py/method.h"
#include "bindings/routine/routine.h"

namespace phaseloop {
namespace {

using py::Args;

// --- what ends the older wait -----------------------------------------------------------------

// Finishes a future when another is done or the time is up, whichever comes first.
struct ReleaseFields {
  PyObject_HEAD
  Ref<> waiter;  // the future to finish
  Ref<> loop;
  LoopData* data;
  auto refs() { return std::tie(waiter, loop); }
};
struct Release : ReleaseFields, Waiter, Timer {};

PyObject* object_of(Release& release) noexcept { return reinterpret_cast<PyObject*>(&release); }
Release& release_of(PyObject* self) noexcept { return *reinterpret_cast<Release*>(self); }

void finish(Release& release) noexcept {
  Ref<> share = py::steal(object_of(release));
  if (!release.waiter) return;
  FutureData& waiter = future_data(release.waiter.get());
  if (waiter.state.done()) return;
  if (finish_with_result(waiter, py::none()) < 0) py::write_unraisable(object_of(release));
}

template <class Part>
Release& part_of(Runnable& work) noexcept {
  return static_cast<Release&>(static_cast<Part&>(work));
}
template <class Part>
constexpr WorkKind release_kind() noexcept {
  return {
      {[](Runnable& work) noexcept { finish(part_of<Part>(work)); },
       [](Runnable& work) noexcept { Ref<> share = py::steal(object_of(part_of<Part>(work))); }},
      [](Runnable& work) noexcept { return object_of(part_of<Part>(work)); },
      nullptr};
}
constexpr WorkKind kDoneKind = release_kind<Waiter>();
constexpr WorkKind kTimeKind = release_kind<Timer>();

Ref<> new_release(LoopData& data, PyObject* waiter) noexcept {
  PyTypeObject* type = data.state.wait_for_release_type.get();
  Ref<> made = py::steal(type->tp_alloc(type, 0));
  if (!made) return py::raised;
  Release& release = release_of(made.get());
  ::new (static_cast<Waiter*>(&release)) Waiter(kDoneKind);
  ::new (static_cast<Timer*>(&release)) Timer(kTimeKind);
  release.waiter = py::borrow(waiter);
  release.loop = py::borrow(data.object);
  release.data = &data;
  return made;
}

// future.remove_done_callback(): not told of its end any more.
void stop_listening(Release& release, PyObject* future) noexcept {
  Waiter& waiter = release;
  if (!waits_for(future_data(future), waiter)) return;
  remove_waiter(future_data(future), waiter);
  waiter.drop();
}

// --- arguments --------------------------------------------------------------------------------

// A timeout that lies ahead, as a plain number.
bool is_ahead(PyObject* timeout, double& seconds) noexcept {
  return as_seconds(timeout, seconds) && seconds > 0;
}

Ref<> stock_wait_for(Routine& self) noexcept {
  return py::call(self.state->stock_wait_for.get(), self.keep[0].get(), self.keep[1].get());
}

// The future that the older wait is for; empty without an error: it is not ours to make.
Ref<> future_for(LoopData& data, PyObject* awaitable) noexcept {
  State& state = data.state;
  if (is_native_future(state, Py_TYPE(awaitable))) {
    return future_data(awaitable).data == &data ? py::borrow(awaitable) : nullptr;
  }
  if (data.task_factory || data.debug) return nullptr;
  if (!is_known_coroutine(state, awaitable)) return nullptr;
  return new_task(data, data.object, awaitable, {});
}

// --- the bodies -------------------------------------------------------------------------------

// Where `async with` of a timeout ends.
constexpr Place kLeaves = "wait_for@exit";

// `async with timeout(seconds): return await awaitable`. keep[0]: the awaitable; [1]: the timeout
// as given, then the context manager; [2]: how it leaves.
Body wait_within(Call&) {
  Routine& self = co_await this_routine;
  double seconds = 0;
  LoopData* data = driving_loop();
  if (data != nullptr && self.keep[1].get() == Py_None) {
    if (!co_await await_on(self, self.keep[0].get())) co_return py::raised;
    co_return std::move(self.result);
  }
  if (data == nullptr || !is_ahead(self.keep[1].get(), seconds)) {
    self.keep[2] = stock_wait_for(self);
    if (!self.keep[2] || !co_await await_stock(self, self.keep[2].get())) co_return py::raised;
    co_return std::move(self.result);
  }
  self.keep[1] = enter_timeout(*data, seconds);
  if (!self.keep[1]) co_return py::raised;
  const bool succeeded = co_await await_on(self, self.keep[0].get());
  if (succeeded && leave_timeout(self.keep[1].get())) co_return std::move(self.result);
  if (succeeded) {
    self.keep[3] = std::move(self.result);
    self.keep[2] = py::call_method(self.keep[1].get(), self.state->names.__aexit__.get(), Py_None,
                                   Py_None, Py_None);
    if (!self.keep[2] || !co_await await_on(self, self.keep[2].get(), kLeaves))
      co_return py::raised;
    co_return std::move(self.keep[3]);
  }
  self.keep[3] = py::fetch_error();
  if (!leave_timeout(self.keep[1].get())) {
    self.keep[2] =
        py::call_method(self.keep[1].get(), self.state->names.__aexit__.get(),
                        py::object(Py_TYPE(self.keep[3].get())), self.keep[3].get(), Py_None);
    if (!self.keep[2] || !co_await await_on(self, self.keep[2].get(), kLeaves)) {
      py::chain_pending(self.keep[3].get());
      co_return py::raised;
    }
  }
  co_return raise_again(self, std::move(self.keep[3]));
}

// fut.result() of who was cancelled because the time was up.
Ref<> result_in_time(Routine& self, PyObject* future) noexcept {
  State& state = *self.state;
  Ref<> result = py::call_method(future, state.names.result.get());
  if (result) return result;
  failed_at(self, "wait_for@call:result");
  if (PyErr_ExceptionMatches(state.cancelled_error.get()) == 0) return py::raised;
  Ref<> cause = py::fetch_error();
  Ref<> error = py::call(state.timeout_error.get());
  if (!error) return py::raised;
  PyException_SetContext(error.get(), cause.share().release());
  PyException_SetCause(error.get(), cause.release());
  py::raise_exception(error.get());
  return failed_at(self, "wait_for@raise:TimeoutError");
}

// The older way. keep[0]: the future waited for; [1]: the timeout, then the future that ends the
// wait, then the wait for the end of what was cancelled; [2]: the Release; [3]: the error.
Body wait_for_task(Call&) {
  Routine& self = co_await this_routine;
  State& state = *self.state;
  double seconds = 0;
  LoopData* data = driving_loop();
  if (data != nullptr && self.keep[1].get() == Py_None) {
    if (!co_await await_on(self, self.keep[0].get(), "wait_for@0")) co_return py::raised;
    co_return std::move(self.result);
  }
  const bool ours = data != nullptr && is_ahead(self.keep[1].get(), seconds);
  Ref<> future = ours ? future_for(*data, self.keep[0].get()) : nullptr;
  if (!future) {
    if (PyErr_Occurred() != nullptr) co_return py::raised;
    self.keep[2] = stock_wait_for(self);
    if (!self.keep[2] || !co_await await_stock(self, self.keep[2].get())) co_return py::raised;
    co_return std::move(self.result);
  }
  self.keep[0] = std::move(future);
  self.keep[1] = new_future(*data, data->object);
  self.keep[2] = self.keep[1] ? new_release(*data, self.keep[1].get()) : nullptr;
  if (!self.keep[2]) co_return py::raised;
  Release& release = release_of(self.keep[2].get());
  if (arm_after(*data, self.keep[2].get(), release, seconds) < 0) co_return py::raised;
  py::acquire(self.keep[2].get());
  if (add_waiter(future_data(self.keep[0].get()), release) < 0) co_return py::raised;
  const bool released = co_await await_on(self, self.keep[1].get());
  FutureData& awaited = future_data(self.keep[0].get());
  const bool done = awaited.state.done();
  disarm(release, release);
  if (!released) self.keep[3] = py::fetch_error();
  const bool cancelled = !released && PyErr_GivenExceptionMatches(self.keep[3].get(),
                                                                  state.cancelled_error.get()) != 0;
  if (!released && !cancelled) {
    co_return raise_again(self, std::move(self.keep[3]));
  }
  if (done) {
    Ref<> result = py::call_method(self.keep[0].get(), state.names.result.get());
    if (!result) failed_at(self, cancelled ? "wait_for@call:result:2" : "wait_for@call:result:3");
    co_return result;
  }
  stop_listening(release, self.keep[0].get());
  self.keep[1] = py::call(state.cancel_and_wait.get(), self.keep[0].get(), data->object);
  if (!self.keep[1] ||
      !co_await await_on(self, self.keep[1].get(), cancelled ? "wait_for@3" : "wait_for@4")) {
    co_return py::raised;
  }
  if (!cancelled) co_return result_in_time(self, self.keep[0].get());
  co_return raise_again(self, std::move(self.keep[3]));
}

Ref<> call_wait_for(State& state, Args args) noexcept {
  PyObject* timeout = nullptr;
  if (args.count() == 2 && args.keyword_count() == 0) {
    timeout = args[1];
  } else if (args.count() == 1 && args.keyword_count() == 1 &&
             PyUnicode_CompareWithASCIIString(args.keyword_name(0), "timeout") == 0) {
    timeout = args.keyword_value(0);
  } else {
    return nullptr;
  }
  if (PyGen_CheckExact(args[0])) return nullptr;
  Call call{state, state.wait_for_makes_task ? "wait_for@2" : "wait_for@1", nullptr};
  Ref<> made = (state.wait_for_makes_task ? wait_for_task(call) : wait_within(call)).object;
  if (!made) return py::raised;
  call.made->keep[0] = py::borrow(args[0]);
  call.made->keep[1] = py::borrow(timeout);
  return made;
}

constexpr Implementation kFunctions[] = {{"wait_for", call_wait_for}};

Ref<> get_waiter(PyObject* self) noexcept { return py::or_none(release_of(self).waiter.get()); }

int clear(PyObject* self) noexcept {
  Release& release = release_of(self);
  disarm(release, release);
  py::clear_refs(release);
  return 0;
}

void dealloc(PyObject* self) noexcept {
  py::DeallocScope scope(self, dealloc);
  if (scope.postponed()) return;
  PyObject_GC_UnTrack(self);
  clear(self);
  py::free_object(self);
}

}  // namespace

std::span<const Implementation> wait_for_functions() noexcept { return kFunctions; }

Ref<PyTypeObject> new_wait_for_release_type(PyObject* module) noexcept {
  static PyGetSetDef fields[] = {py::getter<get_waiter>("waiter"), {}};
  static PyType_Slot slots[] = {
      {Py_tp_getset, fields},
      {Py_tp_traverse, reinterpret_cast<void*>(py::Gc<Release>::traverse)},
      {Py_tp_clear, reinterpret_cast<void*>(clear)},
      {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
      {0, nullptr}};
  PyType_Spec spec = {"phaseloop._native._Release", sizeof(Release), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                      slots};
  return py::steal(
      reinterpret_cast<PyTypeObject*>(PyType_FromModuleAndSpec(module, &spec, nullptr)));
}

}  // namespace phaseloop
