#include "bindings/py/slots.h"

#include <structmember.h>

#include "bindings/py/error.h"

namespace phaseloop::py {

bool slots_lie_at(PyObject* type, std::initializer_list<SlotAt> slots) noexcept {
  for (const SlotAt& slot : slots) {
    if (slot.offset == 0) continue;
    Ref<> member = steal(PyObject_GetAttrString(type, slot.name));
    if (!member) {
      ignore_error();
      return false;
    }
    if (!Py_IS_TYPE(member.get(), &PyMemberDescr_Type) ||
        reinterpret_cast<PyMemberDescrObject*>(member.get())->d_member->offset !=
            static_cast<Py_ssize_t>(slot.offset)) {
      return false;
    }
  }
  return true;
}

}  // namespace phaseloop::py
