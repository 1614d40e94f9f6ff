// What a protocol of ours does for a transport of ours without a Python call.
//
// The seam between transports and streams, which do not know each other: streams fill in the table,
// transports ask for it when a protocol is set and call through it as they would call the Python
// methods of the same names, at the same moments.
//
// Thread: the loop's. Each function may run Python code and may close the transport. Failure: an
// error is set, and ends where that of the Python method would.
#pragma once

#include <cstddef>

#include "bindings/core/state.h"

namespace phaseloop {

struct NativeProtocol {
  // The bytes are the transport's and are gone once this returns. 0 or -1.
  int (*data_received)(PyObject* protocol, const char* data, std::size_t size) noexcept;
  // 1: the transport stays open for writing; 0: it is to close; -1.
  int (*eof_received)(PyObject* protocol) noexcept;
  // 0 or -1.
  int (*pause_writing)(PyObject* protocol) noexcept;
  int (*resume_writing)(PyObject* protocol) noexcept;
};

// Null: call the protocol's Python methods. Only exact instances: a subclass may override any.
inline const NativeProtocol* native_protocol(const State& state, PyObject* protocol) noexcept {
  return reinterpret_cast<PyObject*>(Py_TYPE(protocol)) == state.stream_protocol_class.get()
             ? state.stream_protocol
             : nullptr;
}

}  // namespace phaseloop
