#include "bindings/combinators/children.h"

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "bindings/objects/operation.h"
#include "bindings/objects/task.h"
#include "runtime/base/pod_vector.h"

namespace phaseloop {
namespace {

// Where in the result an argument went; open addressing on the object's address. Few arguments need
// no memory of their own.
class Seen {
 public:
  [[nodiscard]] bool reserve(std::size_t count) noexcept {
    const std::size_t size = std::bit_ceil(count * 2 + 1);
    mask_ = size - 1;
    if (size <= std::size(few_)) return true;
    if (!many_.grow_to(size, Slot{nullptr, nullptr})) return false;
    slots_ = &many_[0];
    return true;
  }
  // The place for `key`: its value is null if it is new.
  PyObject*& operator[](PyObject* key) noexcept {
    std::size_t i =
        (reinterpret_cast<std::uintptr_t>(key) >> 4) * 0x9E3779B97F4A7C15u >> 20 & mask_;
    while (slots_[i].key != nullptr && slots_[i].key != key) i = (i + 1) & mask_;
    slots_[i].key = key;
    return slots_[i].value;
  }

 private:
  struct Slot {
    PyObject* key = nullptr;
    PyObject* value = nullptr;
  };
  Slot few_[16];
  PodVector<Slot> many_;
  Slot* slots_ = few_;
  std::size_t mask_ = 0;
};

bool is_future_of(LoopData& data, PyObject* item) noexcept {
  return is_native_future(data.state, Py_TYPE(item)) && future_data(item).data == &data;
}

bool all_ours(LoopData& data, PyObject* const* items, std::size_t count,
              const Wanted& wanted) noexcept {
  // A factory makes whatever it likes of coroutines, and debug mode has more to say of each.
  const bool coroutines = wanted.coroutines && !data.task_factory && !data.debug;
  for (std::size_t i = 0; i < count; ++i) {
    if (is_future_of(data, items[i])) continue;
    if (!coroutines || !is_known_coroutine(data.state, items[i])) return false;
  }
  return true;
}

Ref<> future_for(LoopData& data, PyObject* loop, PyObject* item, const Wanted& wanted) noexcept {
  if (is_future_of(data, item)) return py::borrow(item);
  Ref<> task = new_task(data, loop, item, {});
  if (task) task_data(task.get()).log_destroy_pending = wanted.log_destroy_pending;
  return task;
}

}  // namespace

void drop_child(Runnable& work) noexcept { Ref<> share = py::steal(child_of(work).parent); }
PyObject* parent_of(Runnable& work) noexcept { return child_of(work).parent; }

int Children::make(const WorkKind& kind, PyObject* parent, PyObject* futures) noexcept {
  const auto count = static_cast<std::size_t>(PyList_GET_SIZE(futures));
  void* memory = std::malloc(count * sizeof(Child) + 1);
  if (memory == nullptr) {
    PyErr_NoMemory();
    return -1;
  }
  children_ = static_cast<Child*>(memory);
  size_ = count;
  for (std::size_t i = 0; i < count; ++i) {
    ::new (static_cast<void*>(children_ + i))
        Child(kind, parent, PyList_GET_ITEM(futures, static_cast<Py_ssize_t>(i)));
  }
  return 0;
}

int Children::wait(std::size_t i) noexcept {
  Child& child = children_[i];
  py::acquire(child.parent);
  return add_waiter(future_data(child.future), child);
}

void Children::stop_waiting() noexcept {
  for (std::size_t i = 0; i < size_; ++i) {
    Child& child = children_[i];
    // Linked and its future done: it is in the ready queue.
    if (!child.linked() || future_data(child.future).state.done()) continue;
    remove_waiter(future_data(child.future), child);
    drop_child(child);
  }
}

bool Children::reset() noexcept {
  for (std::size_t i = 0; i < size_; ++i) {
    if (children_[i].linked()) return false;
  }
  std::free(std::exchange(children_, nullptr));
  size_ = 0;
  return true;
}

Ref<> native_futures(LoopData& data, PyObject* loop, PyObject* const* items, std::size_t count,
                     const Wanted& wanted) noexcept {
  if (!all_ours(data, items, count, wanted)) return nullptr;
  Seen seen;
  if (!seen.reserve(count)) {
    PyErr_NoMemory();
    return py::raised;
  }
  align_hashes(data.state, count);
  Ref<> futures = py::steal(PyList_New(static_cast<Py_ssize_t>(count)));
  if (!futures) return py::raised;
  Py_ssize_t size = 0;
  for (std::size_t i = 0; i < count; ++i) {
    PyObject*& known = seen[items[i]];
    if (known != nullptr && wanted.unique) continue;
    Ref<> future = known != nullptr ? py::borrow(known) : future_for(data, loop, items[i], wanted);
    if (!future) return py::raised;
    known = future.get();
    PyList_SET_ITEM(futures.get(), size++, future.release());
  }
  const auto made = static_cast<Py_ssize_t>(count);
  if (size < made && PyList_SetSlice(futures.get(), size, made, nullptr) < 0) return py::raised;
  return futures;
}

}  // namespace phaseloop
