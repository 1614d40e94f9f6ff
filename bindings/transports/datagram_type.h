// What the parts of the datagram transport know of each other.
#pragma once

#include "bindings/transports/datagram.h"

namespace phaseloop::datagram {

inline DatagramTransport& of(PyObject* self) noexcept {
  return *reinterpret_cast<DatagramTransport*>(self);
}
inline bool waiting(const DatagramTransport& transport) noexcept {
  return !transport.pending.empty();
}

// datagram.cc
extern const DescriptorKind kDescriptorKind;
Ref<> send_to(PyObject* self, py::Args args) noexcept;
Ref<> close(PyObject* self) noexcept;
Ref<> force_close(PyObject* self, PyObject* exception) noexcept;
Ref<> maybe_pause(DatagramTransport& transport) noexcept;

// datagram_type.cc
// asyncio's own sendto(), called on the transport.
Ref<> call_stock(PyObject* self, PyObject* data, PyObject* address) noexcept;
// Newer releases of asyncio send empty datagrams, and count headers.
bool sends_empty(DatagramTransport& transport) noexcept;

}  // namespace phaseloop::datagram
