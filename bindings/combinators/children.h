// The futures that a combinator waits for: one waiter each, in one block of memory.
//
// Owner: the combinator, a Python object; each linked waiter holds a share in it. The futures are
// theirs: no list that others could get at and empty.
#pragma once

#include <cstddef>

#include "bindings/core/work.h"
#include "bindings/objects/future.h"
#include "bindings/py/objects.h"
#include "runtime/task/waiter.h"

namespace phaseloop {

struct Child : Waiter {
  Child(const WorkKind& kind, PyObject* own_parent, PyObject* own_future) noexcept
      : Waiter(kind), parent(own_parent), future(own_future) {}
  PyObject* const parent;  // borrowed while not linked, shared while linked
  PyObject* const future;  // borrowed; of those in Children: owned by these
};

inline Child& child_of(Runnable& work) noexcept {
  return static_cast<Child&>(static_cast<Waiter&>(work));
}

// What every kind of child has in common.
void drop_child(Runnable& work) noexcept;
PyObject* parent_of(Runnable& work) noexcept;
constexpr WorkKind child_kind(void (*run)(Runnable&) noexcept, const char* stands_for) noexcept {
  return {{run, drop_child}, parent_of, nullptr, nullptr, nullptr, stands_for};
}

class Children {
 public:
  Children() noexcept = default;
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;
  ~Children() { reset(); }

  std::size_t size() const noexcept { return size_; }
  Child& operator[](std::size_t i) noexcept { return children_[i]; }

  // One for each of the futures, which it takes; none waiting yet. 0, or -1 with MemoryError.
  int make(const WorkKind& kind, PyObject* parent, py::Objects& futures) noexcept;
  // The child waits from now on; if its future is done it is scheduled at once.
  int wait(std::size_t i) noexcept;
  // No child waits any more. Those already scheduled still run.
  void stop_waiting() noexcept;
  // Frees them, unless one is still scheduled: false; it holds a share in the parent, who comes
  // back when that is gone.
  bool reset() noexcept;
  // For the parent's tp_traverse.
  int traverse(visitproc visit, void* arg) const noexcept;
  // A new list of the futures.
  Ref<> futures() const noexcept;

 private:
  Child* children_ = nullptr;
  std::size_t size_ = 0;
};

// The arguments of a combinator as futures of ours on the loop, coroutines made into tasks in the
// order given. `unique`: an argument counts once. 1; 0: something among them is not ours to judge,
// nothing was done; -1: an error is set. The arguments may come from a list that changes meanwhile.
struct Wanted {
  bool coroutines;  // may be among them
  bool unique;
  bool log_destroy_pending;  // of tasks made here
};
int native_futures(LoopData& data, PyObject* loop, PyObject* const* items, std::size_t count,
                   const Wanted& wanted, py::Objects& futures) noexcept;

}  // namespace phaseloop
