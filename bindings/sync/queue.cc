#include "bindings/core/core_type.h"
#include "bindings/py/call.h"
#include "bindings/py/field.h"
#include "bindings/py/number.h"
#include "bindings/routine/routine.h"
#include "bindings/sync/event.h"
#include "bindings/sync/loop_bound.h"
#include "bindings/sync/sync.h"

namespace phaseloop {
namespace {

using py::Args;

// How items are kept; found out at the first call. custom: a class overrides something that the
// methods here rely on, or somebody has put another container in place; then it is asyncio's own
// methods that run, on the same attributes.
enum class Order : unsigned char { unknown, custom, fifo, lifo, heap };

struct QueueCore : LoopBound {  // `waiters` is not used: there are two kinds
  Ref<> maxsize, getters, putters, finished;
  Ref<> items;  // a deque; a list if lifo or heap
  py::Number unfinished;
  long long limit;  // `maxsize`; 0: none
  bool is_shut_down;
  Order order;

  auto refs() {
    return std::tie(loop, maxsize, getters, putters, finished, items, unfinished.odd());
  }
};

QueueCore& queue_of(PyObject* self) noexcept { return *reinterpret_cast<QueueCore*>(self); }

// Negative: an error is set, for something without a length has been put in the items' place.
Py_ssize_t size_of(QueueCore& queue) noexcept {
  PyObject* items = queue.items.get();
  if (items != nullptr && PyList_CheckExact(items)) return PyList_GET_SIZE(items);
  Ref<> keep = py::or_none(items);
  return PyObject_Size(keep.get());
}
// As asyncio asks: whether the items are false. 1, 0 or -1.
int is_empty(QueueCore& queue) noexcept {
  PyObject* items = queue.items.get();
  if (items != nullptr && PyList_CheckExact(items)) return PyList_GET_SIZE(items) == 0;
  Ref<> keep = py::or_none(items);
  const int any = PyObject_IsTrue(keep.get());
  return any < 0 ? -1 : any == 0;
}
// 1, 0 or -1.
int is_full(QueueCore& queue) noexcept {
  if (queue.limit <= 0) return 0;
  const Py_ssize_t size = size_of(queue);
  return size < 0 ? -1 : size >= queue.limit;
}

// `order` has been found out from these very items, which comparing them may replace.
int add_item(State& state, QueueCore& queue, PyObject* item) noexcept {
  switch (queue.order) {
    case Order::lifo:
      return PyList_Append(queue.items.get(), item);
    case Order::heap:
      return py::call(state.heappush.get(), queue.items.get(), item) ? 0 : -1;
    default:
      return py::call_method(queue.items.get(), state.names.append.get(), item) ? 0 : -1;
  }
}

// REQUIRES: not empty.
Ref<> take_item(State& state, QueueCore& queue) noexcept {
  PyObject* items = queue.items.get();
  switch (queue.order) {
    case Order::lifo: {
      const Py_ssize_t last = PyList_GET_SIZE(items) - 1;
      Ref<> item = py::borrow(PyList_GET_ITEM(items, last));
      return PyList_SetSlice(items, last, last + 1, nullptr) < 0 ? Ref<>() : std::move(item);
    }
    case Order::heap:
      return py::call(state.heappop.get(), items);
    default:
      return py::call_method(items, state.names.popleft.get());
  }
}

int wake_up_next(State& state, const Ref<>& deque) noexcept {
  for (;;) {
    const int waits = anybody_in(state, deque);
    if (waits <= 0) return waits;
    Ref<> future = py::call_method(deque.get(), state.names.popleft.get());
    const int woken = future ? wake_future(state, future.get(), Py_None) : -1;
    if (woken != 0) return woken < 0 ? -1 : 0;
  }
}

// The attribute is there where asyncio has no shutting down, too; it means nothing then.
bool is_shut_down(const State& state, const QueueCore& queue) noexcept {
  return queue.is_shut_down && state.queue_shut_down;
}

[[gnu::cold]] py::Raised raise_plain(const Ref<>& type) noexcept {
  PyErr_SetNone(type.get());
  return py::raised;
}

// The event behind join().
int set_finished(State& state, QueueCore& queue, bool finished) noexcept {
  Ref<> event = py::or_none(queue.finished.get());
  if (!finished && PyObject_TypeCheck(event.get(), state.event_core.get()) != 0) {
    reinterpret_cast<EventCore*>(event.get())->value = false;
    return 0;
  }
  PyObject* method = finished ? state.names.set.get() : state.names.clear.get();
  return py::call_method(event.get(), method) ? 0 : -1;
}

bool is_custom(State& state, QueueCore& queue) noexcept;

Ref<> put_now(State& state, QueueCore& queue, PyObject* item) noexcept {
  if (is_custom(state, queue)) {
    return py::call_method(object_of(queue), state.names.put_nowait.get(), item);
  }
  if (is_shut_down(state, queue)) return raise_plain(state.queue_shut_down);
  const int full = is_full(queue);
  if (full != 0) return full < 0 ? py::raised : raise_plain(state.queue_full);
  if (add_item(state, queue, item) < 0 || queue.unfinished.add(1) < 0) return py::raised;
  if (set_finished(state, queue, false) < 0) return py::raised;
  if (wake_up_next(state, queue.getters) < 0) return py::raised;
  return py::none();
}

Ref<> get_now(State& state, QueueCore& queue) noexcept {
  if (is_custom(state, queue)) {
    return py::call_method(object_of(queue), state.names.get_nowait.get());
  }
  const int empty = is_empty(queue);
  if (empty < 0) return py::raised;
  if (empty != 0) {
    return raise_plain(is_shut_down(state, queue) ? state.queue_shut_down : state.queue_empty);
  }
  Ref<> item = take_item(state, queue);
  if (!item || wake_up_next(state, queue.putters) < 0) return py::raised;
  return item;
}

// Who waited leaves with an error: its place goes, and its turn, if it had come, to the next. An
// error of that replaces the pending one, as it does in asyncio's `except` clause.
void stop_waiting(State& state, QueueCore& queue, Ref<>& deque, PyObject* future,
                  bool getter) noexcept {
  Ref<> error = py::fetch_error();
  bool failed = !py::call_method(future, state.names.cancel.get());
  Ref<> from = py::or_none(deque.get());
  if (!failed && !py::call_method(from.get(), state.names.remove.get(), future)) {
    failed = !py::consume_error(PyExc_ValueError);  // taken out by who woke it
  }
  const int must_wait = failed ? 1 : getter ? is_empty(queue) : is_full(queue);
  failed = failed || must_wait < 0;
  if (!failed && must_wait == 0) {
    const int cancelled = is_cancelled(state, future);
    failed = cancelled < 0 || (cancelled == 0 && wake_up_next(state, deque) < 0);
  }
  if (failed) return py::chain_pending(error.get());
  py::restore_error(std::move(error));
}

// keep[1]: the item.
Body put(Call&, QueueCore& queue) {
  Routine& self = co_await this_routine;
  State& state = *self.state;
  for (;;) {
    const int full = is_full(queue);
    if (full < 0) co_return py::raised;
    if (full == 0) break;
    if (is_shut_down(state, queue)) co_return raise_plain(state.queue_shut_down);
    self.keep[0] = add_future_to(state, queue, queue.putters);
    if (!self.keep[0]) co_return py::raised;
    if (!co_await await_on(self, self.keep[0].get())) {
      stop_waiting(state, queue, queue.putters, self.keep[0].get(), false);
      co_return py::raised;
    }
  }
  co_return put_now(state, queue, self.keep[1].get());
}

Body get(Call&, QueueCore& queue) {
  Routine& self = co_await this_routine;
  State& state = *self.state;
  for (;;) {
    const int empty = is_empty(queue);
    if (empty < 0) co_return py::raised;
    if (empty == 0) break;
    if (is_shut_down(state, queue)) co_return raise_plain(state.queue_shut_down);
    self.keep[0] = add_future_to(state, queue, queue.getters);
    if (!self.keep[0]) co_return py::raised;
    if (!co_await await_on(self, self.keep[0].get())) {
      stop_waiting(state, queue, queue.getters, self.keep[0].get(), true);
      co_return py::raised;
    }
  }
  co_return get_now(state, queue);
}

Body join(Call&, QueueCore& queue) {
  Routine& self = co_await this_routine;
  const int unfinished = queue.unfinished.compare(Py_GT);
  if (unfinished < 0) co_return py::raised;
  if (unfinished > 0) {
    self.keep[0] = py::call_method(queue.finished.get(), self.state->names.wait.get());
    if (!self.keep[0] || !co_await await_on(self, self.keep[0].get())) co_return py::raised;
  }
  co_return py::none();
}

// --- which order ------------------------------------------------------------------------------

// What the methods here rely on.
constexpr const char* kHooks[] = {"_init",      "_get", "_put",  "_wakeup_next", "get_nowait",
                                  "put_nowait", "full", "empty", "qsize",        "_get_loop"};

Order order_of(State& state, QueueCore& queue) noexcept {
  PyTypeObject* type = Py_TYPE(object_of(queue));
  PyObject* items = queue.items.get();
  if (!queue.finished || items == nullptr || !queue.maxsize ||
      !PyLong_CheckExact(queue.maxsize.get())) {
    return Order::custom;
  }
  const std::pair<PyObject*, Order> known[] = {{state.lifo_queue_class.get(), Order::lifo},
                                               {state.priority_queue_class.get(), Order::heap},
                                               {state.queue_class.get(), Order::fifo}};
  for (auto [base, order] : known) {
    if (base == nullptr || !PyType_IsSubtype(type, reinterpret_cast<PyTypeObject*>(base))) continue;
    const bool container = order == Order::fifo ? py::object(Py_TYPE(items)) == state.deque.get()
                                                : PyList_CheckExact(items) != 0;
    return container && overrides_nothing(type, base, kHooks) ? order : Order::custom;
  }
  return Order::custom;
}

bool is_custom(State& state, QueueCore& queue) noexcept {
  if (queue.order == Order::unknown) queue.order = order_of(state, queue);
  return queue.order == Order::custom || !queue.items;
}

// --- the methods ------------------------------------------------------------------------------

QueueCore* plain_queue(State& state, PyObject* self) noexcept {
  if (PyObject_TypeCheck(self, state.queue_core.get()) == 0) return nullptr;
  return is_custom(state, queue_of(self)) ? nullptr : &queue_of(self);
}
QueueCore* self_of(State& state, Args args, Py_ssize_t count = 1) noexcept {
  if (args.count() != count || args.keyword_count() != 0) return nullptr;
  return plain_queue(state, args[0]);
}

Ref<> call_put(State& state, Args args) noexcept {
  QueueCore* queue = self_of(state, args, 2);
  if (queue == nullptr) return nullptr;
  Call call{state, "Queue.put@0", args[0]};
  Ref<> made = put(call, *queue).object;
  if (made) call.made->keep[1] = py::borrow(args[1]);
  return made;
}

Ref<> call_get(State& state, Args args) noexcept {
  QueueCore* queue = self_of(state, args);
  if (queue == nullptr) return nullptr;
  Call call{state, "Queue.get@0", args[0]};
  return get(call, *queue).object;
}

Ref<> call_join(State& state, Args args) noexcept {
  QueueCore* queue = self_of(state, args);
  if (queue == nullptr) return nullptr;
  Call call{state, "Queue.join@0", args[0]};
  return join(call, *queue).object;
}

Ref<> call_put_nowait(State& state, Args args) noexcept {
  QueueCore* queue = self_of(state, args, 2);
  return queue != nullptr ? put_now(state, *queue, args[1]) : nullptr;
}

Ref<> call_get_nowait(State& state, Args args) noexcept {
  QueueCore* queue = self_of(state, args);
  return queue != nullptr ? get_now(state, *queue) : nullptr;
}

Ref<> call_task_done(State& state, Args args) noexcept {
  QueueCore* queue = self_of(state, args);
  if (queue == nullptr || !queue->unfinished.is_plain()) return nullptr;
  if (queue->unfinished.plain() <= 0) {
    return py::raise(PyExc_ValueError, "task_done() called too many times");
  }
  if (queue->unfinished.add(-1) < 0) return py::raised;
  if (queue->unfinished.plain() == 0 && set_finished(state, *queue, true) < 0) return py::raised;
  return py::none();
}

Ref<> call_qsize(State& state, Args args) noexcept {
  QueueCore* queue = self_of(state, args);
  const Py_ssize_t size = queue != nullptr ? size_of(*queue) : -1;
  return size >= 0 ? py::steal(PyLong_FromSsize_t(size)) : nullptr;
}
Ref<> call_empty(State& state, Args args) noexcept {
  QueueCore* queue = self_of(state, args);
  const int empty = queue != nullptr ? is_empty(*queue) : -1;
  return empty >= 0 ? py::boolean(empty != 0) : nullptr;
}
Ref<> call_full(State& state, Args args) noexcept {
  QueueCore* queue = self_of(state, args);
  const int full = queue != nullptr ? is_full(*queue) : -1;
  return full >= 0 ? py::boolean(full != 0) : nullptr;
}

constexpr Implementation kFunctions[] = {
    {"Queue.put", call_put},
    {"Queue.get", call_get},
    {"Queue.join", call_join},
    {"Queue.put_nowait", call_put_nowait},
    {"Queue.get_nowait", call_get_nowait},
    {"Queue.task_done", call_task_done},
    {"Queue.qsize", call_qsize},
    {"Queue.empty", call_empty},
    {"Queue.full", call_full},
};

// --- private attributes ------------------------------------------------------------------------

PyObject* get_maxsize(PyObject* self, void*) noexcept {
  return py::or_none(queue_of(self).maxsize.get()).release();
}
int set_maxsize(PyObject* self, PyObject* value, void*) noexcept {
  if (value == nullptr) return py::no_deletion();
  QueueCore& queue = queue_of(self);
  queue.maxsize = py::borrow(value);
  queue.limit = 0;
  queue.order = Order::unknown;
  if (!PyLong_CheckExact(value)) return 0;
  int overflow = 0;
  queue.limit = PyLong_AsLongLongAndOverflow(value, &overflow);
  if (overflow != 0) queue.limit = 0;  // nothing that big ever fills
  return 0;
}

PyObject* get_items(PyObject* self, void*) noexcept {
  QueueCore& queue = queue_of(self);
  if (!queue.items) {
    return py::raise(PyExc_AttributeError, "'%.100s' object has no attribute '_queue'",
                     Py_TYPE(self)->tp_name);
  }
  return queue.items.share().release();
}
int set_items(PyObject* self, PyObject* value, void*) noexcept {
  if (value == nullptr) return py::no_deletion();
  queue_of(self).items = py::borrow(value);
  queue_of(self).order = Order::unknown;
  return 0;
}

}  // namespace

std::span<const Implementation> queue_functions() noexcept { return kFunctions; }

Ref<PyTypeObject> new_queue_core(PyObject* module) noexcept {
  static PyGetSetDef fields[] = {{"_maxsize", get_maxsize, set_maxsize, nullptr, nullptr},
                                 py::object_field<&QueueCore::loop>("_loop"),
                                 py::object_field<&QueueCore::getters>("_getters"),
                                 py::object_field<&QueueCore::putters>("_putters"),
                                 py::object_field<&QueueCore::finished>("_finished"),
                                 {"_queue", get_items, set_items, nullptr, nullptr},
                                 py::number_field<&QueueCore::unfinished>("_unfinished_tasks"),
                                 py::bool_field<&QueueCore::is_shut_down>("_is_shutdown"),
                                 {}};
  return new_core_type<QueueCore>(module, "phaseloop._native.QueueCore", fields);
}

}  // namespace phaseloop
