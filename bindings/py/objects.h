// Containers of Python objects that only C++ can get at.
//
// A Python list, set, dictionary or deque that C++ keeps is never its own: gc.get_referents(owner)
// and gc.get_objects() hand it out, and whoever has it may empty it while it is in use. So what C++
// relies on is kept here, and what Python asks for is a copy. Tuples, bytes and strings, which
// nobody can change, need none of this.
#pragma once

#include "bindings/py/error.h"
#include "bindings/py/ref.h"
#include "runtime/base/pod_vector.h"

namespace phaseloop::py {

// A row of objects. Owner: a Python object, whose tp_traverse calls traverse(), so that the garbage
// collector sees the references as the owner's. Failure: false, and MemoryError is set.
class Objects {
 public:
  Objects() noexcept = default;
  Objects(const Objects&) = delete;
  Objects& operator=(const Objects&) = delete;
  ~Objects() { clear(); }

  std::size_t size() const noexcept { return items_.size() - first_; }
  bool empty() const noexcept { return size() == 0; }
  // Borrowed, until the place is changed. REQUIRES: i < size().
  PyObject* operator[](std::size_t i) const noexcept { return items_[first_ + i]; }

  [[nodiscard]] bool reserve(std::size_t count) noexcept {
    return items_.reserve(first_ + count) || no_memory();
  }
  [[nodiscard]] bool append(Ref<> object) noexcept {
    if (!items_.push_back(object.get())) return no_memory();
    static_cast<void>(object.release());
    return true;
  }
  [[nodiscard]] bool prepend(Ref<> object) noexcept {
    if (first_ == 0) {
      if (!items_.push_back(nullptr)) return no_memory();
      for (std::size_t i = items_.size() - 1; i > 0; --i) items_[i] = items_[i - 1];
    } else {
      --first_;
    }
    items_[first_] = object.release();
    return true;
  }
  // The former object of that place. REQUIRES: i < size().
  Ref<> exchange(std::size_t i, Ref<> object) noexcept {
    return steal(std::exchange(items_[first_ + i], object.release()));
  }
  // REQUIRES: !empty().
  Ref<> take_first() noexcept {
    Ref<> object = steal(items_[first_++]);
    if (empty()) {
      items_.truncate(0);
      first_ = 0;
    }
    return object;
  }
  void truncate(std::size_t count) noexcept {
    while (size() > count) {
      Ref<> object = steal(items_[items_.size() - 1]);
      items_.truncate(items_.size() - 1);
    }
  }
  void clear() noexcept {
    while (!empty()) Ref<> object = take_first();  // which may run Python code: out of sight first
    items_.clear();
  }

  int traverse(visitproc visit, void* arg) const noexcept {
    for (std::size_t i = 0; i < size(); ++i) Py_VISIT((*this)[i]);
    return 0;
  }
  // A new list of them. Empty: MemoryError.
  Ref<> as_list() const noexcept {
    Ref<> list = steal(PyList_New(0));
    for (std::size_t i = 0; list && i < size(); ++i) {
      if (PyList_Append(list.get(), (*this)[i]) < 0) return raised;
    }
    return list;
  }

 private:
  static bool no_memory() noexcept {
    PyErr_NoMemory();
    return false;
  }

  PodVector<PyObject*> items_;  // owned from `first_` on
  std::size_t first_ = 0;
};

// A list that is being filled: nobody sees it before it is complete.
class NewList {
 public:
  explicit NewList(std::size_t count) noexcept
      : list_(steal(PyList_New(static_cast<Py_ssize_t>(count)))) {
    if (list_) PyObject_GC_UnTrack(list_.get());
  }
  // False: MemoryError is set.
  explicit operator bool() const noexcept { return static_cast<bool>(list_); }
  void set(std::size_t i, Ref<> object) noexcept {
    PyList_SET_ITEM(list_.get(), static_cast<Py_ssize_t>(i), object.release());
  }
  // REQUIRES: every place has been set, once.
  Ref<> finish() noexcept {
    PyObject_GC_Track(list_.get());
    return std::move(list_);
  }

 private:
  Ref<> list_;
};

}  // namespace phaseloop::py
