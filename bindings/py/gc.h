// Visiting and clearing references from one list of members.
//
// A struct declares `auto refs() { return std::tie(loop, callback, context); }` once; forgetting a
// member in one of traverse, clear and dealloc (the classic leak or crash) is then impossible.
#pragma once

#include <tuple>

#include "bindings/py/dealloc.h"
#include "bindings/py/ref.h"

namespace phaseloop::py {

template <class Members>
int visit_refs(Members& members, visitproc visit, void* arg) noexcept {
  return std::apply(
      [&](auto&... ref) {
        int result = 0;
        (void)((!ref || (result = visit(ref.obj(), arg)) == 0) && ...);
        return result;
      },
      members.refs());
}

template <class Members>
void clear_refs(Members& members) noexcept {
  std::apply([](auto&... ref) { ((ref = nullptr), ...); }, members.refs());
}

// The tail of every tp_dealloc of a type whose base does not free the object.
inline void free_object(PyObject* self) noexcept {
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(object(type));
}

// The slots of a plain type: `Self` begins with PyObject_HEAD, derives from nothing and has refs().
template <class Self>
struct Gc {
  static Self* self(PyObject* o) noexcept { return reinterpret_cast<Self*>(o); }

  static int traverse(PyObject* o, visitproc visit, void* arg) noexcept {
    Py_VISIT(Py_TYPE(o));
    return visit_refs(*self(o), visit, arg);
  }
  static int clear(PyObject* o) noexcept {
    clear_refs(*self(o));
    return 0;
  }
  static void dealloc(PyObject* o) noexcept {
    DeallocScope scope(o, dealloc);
    if (scope.postponed()) return;
    PyObject_GC_UnTrack(o);
    clear_refs(*self(o));
    free_object(o);
  }
};

}  // namespace phaseloop::py
