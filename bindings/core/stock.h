// asyncio's own objects, asked of the running release.
//
// No release is assumed to have any of them: functions come and go between maintenance releases,
// and importing phaseloop must not fail because of one. So nothing here raises for what is not
// there. What is asked for by name and not found is replaced by a class of that name which nothing
// is an instance of; calling it raises NotImplementedError, with the name (that of an exception can
// be raised and caught). A class whose slots lie elsewhere than our structures have them is
// replaced by one with the slots where they are expected and with asyncio's own methods.
//
// All run when the module is initialised. They return new references; empty: an error is set, such
// as MemoryError.
#pragma once

#include <cstddef>
#include <initializer_list>

#include "bindings/py/ref.h"
#include "bindings/py/slots.h"

namespace phaseloop {

using py::Ref;

// `attribute` of the module, else of asyncio itself, else of the modules that share private names.
Ref<> from_asyncio(const char* module, const char* attribute) noexcept;

// These two are empty without an error for what is not there.
Ref<> from_asyncio_if_there(const char* module, const char* attribute) noexcept;
Ref<> attribute_if_there(PyObject* object, const char* name) noexcept;

// `stock` if it is a class of `size` bytes that has these slots at these offsets, and it adds to
// `base`; otherwise a class derived from `base` (null: object) that has.
Ref<> class_with_slots(const Ref<>& stock, PyObject* base, std::initializer_list<py::SlotAt> slots,
                       std::size_t size) noexcept;

}  // namespace phaseloop
