// Deallocation that does not go as deep as the objects are nested.
//
// The last reference to a coroutine may be that of another, and so on, a hundred thousand times. A
// tp_dealloc that begins
//
//   DeallocScope scope(self, dealloc);
//   if (scope.postponed()) return;
//
// takes apart what it holds as usual, as long as little of the stack has gone on that: beyond
// kStackAtMost objects are put aside, and the outermost scope takes them apart when its own object
// is gone. CPython's trashcan does the same, and differs with every release: it counts calls until
// 3.12, nests as deep as C recursion may in 3.13, and does without a word from us from 3.14 on.
//
// Thread: any, each for itself. A postponed object has no references left, is untracked meanwhile
// and stays what it was: nothing of it has been finalised.
#pragma once

#include "bindings/py/ref.h"
#include "runtime/base/stack.h"

namespace phaseloop::py {

// At the beginning of a tp_dealloc that still needs the object tracked, for its finalizer. `list`:
// that of the weak references. Their callbacks run Python code; a collection in one of them must
// not find an object without references, which it would take apart a second time.
inline void clear_weak_references(PyObject* self, const PyObject* list) noexcept {
  if (list == nullptr) [[likely]]
    return;
  const bool tracked = PyType_IS_GC(Py_TYPE(self)) && PyObject_GC_IsTracked(self) != 0;
  if (tracked) PyObject_GC_UnTrack(self);
  PyObject_ClearWeakRefs(self);
  if (tracked) PyObject_GC_Track(self);
}

class DeallocScope {
 public:
  // `dealloc`: the function that is running. Where it is the base's part of another type's, which
  // has begun to take the object apart, nothing is postponed: subtype_dealloc() has a trashcan.
  [[gnu::always_inline]] DeallocScope(PyObject* self, destructor dealloc) noexcept {
    const std::uintptr_t here = Stack::position();
    if (outermost_ == 0 || here > outermost_) [[likely]] {
      outermost_ = here;
      is_outermost_ = true;
    } else if (outermost_ - here > kStackAtMost) [[unlikely]] {
      postponed_ = postpone(self, dealloc);
    }
  }
  [[gnu::always_inline]] ~DeallocScope() {
    if (!is_outermost_) return;
    if (pile_.count != 0) [[unlikely]]
      take_apart_pile();
    outermost_ = 0;
  }
  DeallocScope(const DeallocScope&) = delete;
  DeallocScope& operator=(const DeallocScope&) = delete;

  bool postponed() const noexcept { return postponed_; }

  static constexpr std::uintptr_t kStackAtMost = std::uintptr_t{16} << 10;

 private:
  struct Postponed {
    PyObject* object;
    destructor dealloc;
    bool tracked;
  };
  struct Pile {
    Postponed* items;
    std::size_t count, room;
  };
  // False: not possible (no memory, or a type that must not be postponed).
  static bool postpone(PyObject* self, destructor dealloc) noexcept;
  static void take_apart_pile() noexcept;

  // Where the stack is in the outermost scope; 0: there is none.
  PHASELOOP_EARLY_TLS static thread_local constinit std::uintptr_t outermost_;
  PHASELOOP_EARLY_TLS static thread_local constinit Pile pile_;

  bool is_outermost_ = false;
  bool postponed_ = false;
};

}  // namespace phaseloop::py
