// Objects of one type, dead but not freed: the next one made needs no allocator.
//
// Only for types whose instances are made and dropped at the rate of callbacks. A listed object has
// no references left, is untracked, was never finalised and keeps its share in its (heap) type.
// Owner: the State, which drains its lists when it is cleared. Thread: that of the interpreter's
// lock; free-threaded builds and sanitizers do without.
#pragma once

#include "bindings/py/ref.h"

#if defined(Py_GIL_DISABLED) || defined(__SANITIZE_ADDRESS__)
#define PHASELOOP_FREE_LISTS 0
#else
#define PHASELOOP_FREE_LISTS 1
#endif

namespace phaseloop::py {

class FreeList {
 public:
  // An object of the type with one reference, tracked if the type is collected. Its members are as
  // give() found them or zero. Null: MemoryError. `items`: of a variable-sized object, the same for
  // all on a list.
  PyObject* make(PyTypeObject* type, Py_ssize_t items = 0) noexcept {
    if (!PHASELOOP_FREE_LISTS || head_ == nullptr) return type->tp_alloc(type, items);
    PyObject* self = head_;
    head_ = std::exchange(next_of(self), nullptr);
    --count_;
    if (items > 0) Py_SET_SIZE(reinterpret_cast<PyVarObject*>(self), items);
    _Py_NewReference(self);
    if (PyType_IS_GC(type)) PyObject_GC_Track(self);
    return self;
  }
  // Would give() take the object?
  bool has_room_for(PyObject* self) const noexcept {
    if (!PHASELOOP_FREE_LISTS || closed_ || count_ == kMax) return false;
    return !PyType_IS_GC(Py_TYPE(self)) || PyObject_GC_IsFinalized(self) == 0;
  }
  // From tp_dealloc, with every member empty and the object untracked. False: it is to be freed.
  bool give(PyObject* self) noexcept {
    if (!has_room_for(self)) return false;
    next_of(self) = std::exchange(head_, self);
    ++count_;
    return true;
  }
  // Those on the list keep their type alive, which the collector must know.
  int traverse(visitproc visit, void* arg) const noexcept {
    for (int i = 0; i < count_; ++i) Py_VISIT(Py_TYPE(head_));
    return 0;
  }
  void drain() noexcept {
    closed_ = true;
    while (head_ != nullptr) {
      PyObject* self = head_;
      head_ = next_of(self);
      PyTypeObject* type = Py_TYPE(self);
      type->tp_free(self);
      Py_DECREF(object(type));
    }
    count_ = 0;
  }

 private:
  static constexpr int kMax = 1024;
  // The link lies behind the head, in the first member (or the size), empty when the object is
  // dead.
  static PyObject*& next_of(PyObject* self) noexcept {
    return *reinterpret_cast<PyObject**>(self + 1);
  }
  PyObject* head_ = nullptr;
  int count_ = 0;
  bool closed_ = false;
};

}  // namespace phaseloop::py
