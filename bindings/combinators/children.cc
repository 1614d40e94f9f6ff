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

int Children::make(const WorkKind& kind, PyObject* parent, py::Objects& futures) noexcept {
  const std::size_t count = futures.size();
  void* memory = std::malloc(count * sizeof(Child) + 1);
  if (memory == nullptr) {
    PyErr_NoMemory();
    return -1;
  }
  children_ = static_cast<Child*>(memory);
  size_ = count;
  for (std::size_t i = 0; i < count; ++i) {
    ::new (static_cast<void*>(children_ + i))
        Child(kind, parent, futures.exchange(i, nullptr).release());
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
    // If its future is done, it is in the ready queue.
    if (!waits_for(future_data(child.future), child)) continue;
    remove_waiter(future_data(child.future), child);
    drop_child(child);
  }
}

bool Children::reset() noexcept {
  for (std::size_t i = 0; i < size_; ++i) {
    if (children_[i].linked()) return false;
  }
  Child* children = std::exchange(children_, nullptr);
  const std::size_t size = std::exchange(size_, 0);
  for (std::size_t i = 0; i < size; ++i) Ref<> future = py::steal(children[i].future);
  std::free(children);
  return true;
}

int Children::traverse(visitproc visit, void* arg) const noexcept {
  for (std::size_t i = 0; i < size_; ++i) Py_VISIT(children_[i].future);
  return 0;
}

Ref<> Children::futures() const noexcept {
  Ref<> list = py::steal(PyList_New(0));
  for (std::size_t i = 0; list && i < size_; ++i) {
    if (PyList_Append(list.get(), children_[i].future) < 0) return py::raised;
  }
  return list;
}

int native_futures(LoopData& data, PyObject* loop, PyObject* const* items, std::size_t count,
                   const Wanted& wanted, py::Objects& futures) noexcept {
  if (!all_ours(data, items, count, wanted)) return 0;
  // Making a task may run Python code, which may change what the arguments are in.
  Seen seen;
  if (!futures.reserve(count)) return -1;
  if (!seen.reserve(count)) return PyErr_NoMemory(), -1;
  for (std::size_t i = 0; i < count; ++i) {
    if (!futures.append(py::borrow(items[i]))) return -1;
  }
  align_hashes(data.state, count);
  std::size_t made = 0;
  for (std::size_t i = 0; i < count; ++i) {
    PyObject*& known = seen[futures[i]];
    if (known != nullptr && wanted.unique) continue;
    Ref<> future =
        known != nullptr ? py::borrow(known) : future_for(data, loop, futures[i], wanted);
    if (!future) return -1;
    known = future.get();
    Ref<> argument = futures.exchange(made++, std::move(future));
  }
  futures.truncate(made);
  return 1;
}

}  // namespace phaseloop
