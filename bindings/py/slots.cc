#include "bindings/py/slots.h"

#include <structmember.h>

#include "bindings/py/error.h"

namespace phaseloop::py {

int check_slots(PyObject* type, const char* type_name, std::initializer_list<SlotAt> slots,
                std::size_t size) noexcept {
  bool same = reinterpret_cast<PyTypeObject*>(type)->tp_basicsize == static_cast<Py_ssize_t>(size);
  for (const SlotAt& slot : slots) {
    Ref<> member = steal(PyObject_GetAttrString(type, slot.name));
    if (!member) return -1;
    same = same && Py_IS_TYPE(member.get(), &PyMemberDescr_Type) &&
           reinterpret_cast<PyMemberDescrObject*>(member.get())->d_member->offset ==
               static_cast<Py_ssize_t>(slot.offset);
  }
  if (same) return 0;
  return raise(PyExc_ImportError,
               "phaseloop was built for another layout of %s; reinstall it for this interpreter",
               type_name);
}

}  // namespace phaseloop::py
