// Slots and methods that the types of stream and datagram transports share.
#pragma once

#include "bindings/py/gc.h"
#include "bindings/transports/stream.h"

namespace phaseloop::stream {

Ref<> set_protocol(PyObject* self, PyObject* protocol) noexcept;
Ref<> get_protocol(PyObject* self) noexcept;
int assign_protocol(PyObject* self, PyObject* value) noexcept;
Ref<> is_closing(PyObject* self) noexcept;
Ref<> is_reading(PyObject* self) noexcept;
Ref<> pause_reading(PyObject* self) noexcept;
Ref<> resume_reading(PyObject* self) noexcept;
Ref<> polls(PyObject* self) noexcept;
Ref<> stop_watching_reads(PyObject* self) noexcept;
Ref<> get_sock(PyObject* self) noexcept;
int set_sock(PyObject* self, PyObject* value) noexcept;
Ref<> get_context(PyObject* self) noexcept;
int set_context(PyObject* self, PyObject* value) noexcept;

// Limits are any numbers, as given.
PyGetSetDef high_water_field() noexcept;
PyGetSetDef low_water_field() noexcept;

// Everything is done when the object is made; the base's __init__ would undo it.
inline int init(PyObject*, PyObject*, PyObject*) noexcept { return 0; }

template <class Transport>
int traverse(PyObject* self, visitproc visit, void* arg) noexcept {
  Py_VISIT(Py_TYPE(self));
  Transport& transport = *reinterpret_cast<Transport*>(self);
  Py_VISIT(transport.dict);
  return py::visit_refs(transport, visit, arg);
}

template <class Transport>
int clear(PyObject* self) noexcept {
  Transport& transport = *reinterpret_cast<Transport*>(self);
  Ref<> home = transport.home.share();
  drop_descriptor(stream_of(self));
  transport.data = nullptr;  // lives as long as the loop
  transport.native = nullptr;
  py::clear_refs(transport);
  Ref<> dict = py::steal(std::exchange(transport.dict, nullptr));
  return 0;
}

template <class Transport>
void dealloc(PyObject* self) noexcept {
  PyObject_GC_UnTrack(self);
  StreamTransport& stream = stream_of(self);
  if (stream.weak_references != nullptr) PyObject_ClearWeakRefs(self);
  clear<Transport>(self);
  stream.queue.clear();
  py::free_object(self);
}

}  // namespace phaseloop::stream
