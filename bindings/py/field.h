// Members of a struct behind a Python object as attributes that Python may read and set.
//
// For the private names that asyncio's own source uses (`_waiters`, `_locked`): what is not native
// then works on ours as it is.
#pragma once

#include <tuple>

#include "bindings/py/error.h"
#include "bindings/py/ref.h"

namespace phaseloop::py {

template <auto Member>
struct MemberOf;
template <class Self, class Value, Value Self::* Member>
struct MemberOf<Member> {
  static Value& of(PyObject* self) noexcept { return reinterpret_cast<Self*>(self)->*Member; }
};

[[gnu::cold]] inline int no_deletion() noexcept {
  return raise(PyExc_AttributeError, "can't delete attribute");
}

// A Ref<>; empty reads as None.
template <auto Member>
PyGetSetDef object_field(const char* name) noexcept {
  return {name,
          [](PyObject* self, void*) noexcept {
            return or_none(MemberOf<Member>::of(self).get()).release();
          },
          [](PyObject* self, PyObject* value, void*) noexcept {
            if (value == nullptr) return no_deletion();
            MemberOf<Member>::of(self) = borrow(value);
            return 0;
          },
          nullptr, nullptr};
}

// A Ref<> that is no attribute while it is empty, and that may be deleted.
template <auto Member>
PyGetSetDef optional_field(const char* name) noexcept {
  return {name,
          [](PyObject* self, void* field) noexcept -> PyObject* {
            PyObject* value = MemberOf<Member>::of(self).get();
            if (value != nullptr) return borrow(value).release();
            return raise(PyExc_AttributeError, "'%.100s' object has no attribute '%s'",
                         Py_TYPE(self)->tp_name, static_cast<const char*>(field));
          },
          [](PyObject* self, PyObject* value, void* field) noexcept -> int {
            if (value == nullptr && !MemberOf<Member>::of(self)) {
              return raise(PyExc_AttributeError, "'%.100s' object has no attribute '%s'",
                           Py_TYPE(self)->tp_name, static_cast<const char*>(field));
            }
            MemberOf<Member>::of(self) = borrow(value);
            return 0;
          },
          nullptr, const_cast<char*>(name)};
}

template <auto Member>
PyGetSetDef bool_field(const char* name) noexcept {
  return {
      name,
      [](PyObject* self, void*) noexcept { return boolean(MemberOf<Member>::of(self)).release(); },
      [](PyObject* self, PyObject* value, void*) noexcept {
        const int truth = value != nullptr ? PyObject_IsTrue(value) : no_deletion();
        if (truth < 0) return -1;
        MemberOf<Member>::of(self) = truth != 0;
        return 0;
      },
      nullptr, nullptr};
}

// A long long.
template <auto Member>
PyGetSetDef int_field(const char* name) noexcept {
  return {name,
          [](PyObject* self, void*) noexcept {
            return PyLong_FromLongLong(MemberOf<Member>::of(self));
          },
          [](PyObject* self, PyObject* value, void*) noexcept {
            if (value == nullptr) return no_deletion();
            const long long number = PyLong_AsLongLong(value);
            if (number == -1 && PyErr_Occurred() != nullptr) return -1;
            MemberOf<Member>::of(self) = number;
            return 0;
          },
          nullptr, nullptr};
}

}  // namespace phaseloop::py
