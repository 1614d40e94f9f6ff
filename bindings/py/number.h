// A number that asyncio keeps in an attribute and counts with.
//
// Nearly always it is a small int, and C++ counts. But asyncio takes whatever Python can count
// with: infinity, floats, fractions, True, ints of any size, numbers of other libraries. Those are
// kept as they came, and Python's own operators work on them.
//
// Owner: the struct that has it as a member, which names odd() among its refs(). Zeroed memory is
// the number zero. Thread: whoever holds the GIL.
#pragma once

#include "bindings/py/field.h"
#include "bindings/py/ref.h"

namespace phaseloop::py {

class Number {
 public:
  // C++ counts. Otherwise add() and compare() may run Python code.
  bool is_plain() const noexcept { return !odd_; }
  Ref<>& odd() noexcept { return odd_; }

  // As Python sees it. Empty: MemoryError.
  Ref<> get() const noexcept { return odd_ ? odd_.share() : steal(PyLong_FromLongLong(plain_)); }
  void set(PyObject* value) noexcept;

  // As `+= step`; step is 1 or -1. 0, or -1 with an error set and nothing changed.
  int add(int step) noexcept {
    if (!is_plain()) [[unlikely]]
      return add_odd(step);
    plain_ += step;
    return 0;
  }
  // Compares it with zero. 1, 0, or -1 with an error set. `op`: Py_EQ, Py_GT or Py_LE.
  int compare(int op) const noexcept {
    if (!is_plain()) [[unlikely]]
      return compare_odd(op);
    switch (op) {
      case Py_EQ:
        return plain_ == 0;
      case Py_GT:
        return plain_ > 0;
      default:
        return plain_ <= 0;
    }
  }
  // REQUIRES: is_plain().
  long long plain() const noexcept { return plain_; }

 private:
  int add_odd(int step) noexcept;
  int compare_odd(int op) const noexcept;

  long long plain_ = 0;
  Ref<> odd_;
};

// A Number as an attribute.
template <auto Member>
PyGetSetDef number_field(const char* name) noexcept {
  return {name,
          [](PyObject* self, void*) noexcept { return MemberOf<Member>::of(self).get().release(); },
          [](PyObject* self, PyObject* value, void*) noexcept {
            if (value == nullptr) return no_deletion();
            MemberOf<Member>::of(self).set(value);
            return 0;
          },
          nullptr, nullptr};
}

}  // namespace phaseloop::py
