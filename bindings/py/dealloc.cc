#include "bindings/py/dealloc.h"

#include <cstdlib>

namespace phaseloop::py {

PHASELOOP_EARLY_TLS thread_local constinit std::uintptr_t DeallocScope::outermost_ = 0;
PHASELOOP_EARLY_TLS thread_local constinit DeallocScope::Pile DeallocScope::pile_{nullptr, 0, 0};

bool DeallocScope::postpone(PyObject* self, destructor dealloc) noexcept {
  if (Py_TYPE(self)->tp_dealloc != dealloc) return false;
  if (pile_.count == pile_.room) {
    const std::size_t room = pile_.room * 2 + 16;
    void* items = std::realloc(static_cast<void*>(pile_.items), room * sizeof(Postponed));
    if (items == nullptr) return false;
    pile_.items = static_cast<Postponed*>(items);
    pile_.room = room;
  }
  const bool tracked = PyType_IS_GC(Py_TYPE(self)) != 0 && PyObject_GC_IsTracked(self) != 0;
  if (tracked) PyObject_GC_UnTrack(self);
  pile_.items[pile_.count++] = {self, dealloc, tracked};
  return true;
}

void DeallocScope::take_apart_pile() noexcept {
  while (pile_.count != 0) {
    const Postponed next = pile_.items[--pile_.count];
    if (next.tracked) PyObject_GC_Track(next.object);
    next.dealloc(next.object);
  }
  std::free(std::exchange(pile_.items, nullptr));
  pile_.room = 0;
}

}  // namespace phaseloop::py
