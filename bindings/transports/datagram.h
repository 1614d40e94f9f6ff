// The transport of a datagram socket: asyncio's _SelectorDatagramTransport, natively.
//
// Beginning, reading, information and end are the stream transport's, whose storage it has; what
// differs is here. Datagrams do not gather: each is sent at once unless others wait already.
//
// Owner, thread, order: as of a stream transport. Several datagrams are taken for one wake-up, each
// handed over before the next is looked at.
#pragma once

#include "bindings/py/objects.h"
#include "bindings/transports/stream.h"

namespace phaseloop {

struct DatagramTransport : StreamTransport {
  Ref<> address;        // given for all datagrams, or None
  py::Objects pending;  // (bytes, address) of each that waits
  Ref<> last_sender;    // the Python object of `sender`
  Ref<> last_target;    // the Python object of `target`
  Endpoint sender, target;
  long long pending_bytes;
  bool peer_known;  // the socket is connected

  auto refs() {
    return std::tuple_cat(StreamTransport::refs(), std::tie(address, last_sender, last_target));
  }
};

Ref<PyTypeObject> new_datagram_type(State& state, PyObject* module) noexcept;

}  // namespace phaseloop
