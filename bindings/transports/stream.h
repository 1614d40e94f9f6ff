// The transport of a stream socket: asyncio's _SelectorSocketTransport, natively.
//
// It derives from asyncio.transports._FlowControlMixin and has asyncio's private attributes under
// their names, so that asyncio's own functions do on it what is cold: what a fatal error comes to,
// repr(), __del__(), limits. The class with those is put together in pyshim.
//
// Python code may assign to or delete every attribute with a private name, and may close or abort
// the transport out of anything that calls Python. So nothing that is reached through an attribute
// is relied upon without a look, and `data` is looked at again after each call.
//
// Owner: whoever holds it; the loop while anything is watched, scheduled or waits to be flushed.
// Thread: the loop's. Order: connection_made, then reading, connection_lost last and once.
//
// Writes gather. write() queues, and what is queued is sent when the iteration ends, in one call;
// at once where waiting could show: beyond 64 KiB, at the high-water mark, before close, end of
// file or a look at the buffer's size.
#pragma once

#include <climits>

#include "bindings/core/descriptor.h"
#include "bindings/core/native_protocol.h"
#include "bindings/core/state.h"
#include "bindings/core/work.h"
#include "bindings/py/args.h"
#include "bindings/transports/endpoint.h"
#include "bindings/transports/write_queue.h"

namespace phaseloop {

// The slots of asyncio.transports._FlowControlMixin, as CPython lays them out; checked when the
// module is initialised. The last lies behind an attribute of ours.
struct FlowControlSlots {
  PyObject_HEAD
  Ref<> extra;  // a dictionary, unless somebody put something else there; empty: not asked for yet
  Ref<> given_high_water;
  Ref<> loop;  // what `_loop` says; `home` is the loop
  Ref<> given_low_water;
  Ref<> unused_protocol_paused;
};

struct StartWork : Runnable {
  using Runnable::Runnable;
};
struct FlushWork : Runnable {
  using Runnable::Runnable;
};
struct LostWork : Runnable {
  using Runnable::Runnable;
};

struct StreamTransport : FlowControlSlots, StartWork, FlushWork, LostWork {
  PyObject* dict;
  PyObject* weak_references;
  Ref<> sock;      // the socket object; empty: nobody has asked for it yet
  Ref<> protocol;  // until it is made, of an accepted connection: the factory
  Ref<> server;
  Ref<> empty_waiter;
  Ref<> given_context;  // the connection's own, from 3.15; empty: that of each moment
  Ref<> lost_context;
  Ref<> read_context;  // a copy of the one in which the transport was made, or reading resumed
  Ref<> write_context;
  Ref<> start_waiter;
  Ref<> lost_exception;
  Ref<> home;      // the loop, until the connection is lost
  LoopData* data;  // of it; null afterwards
  const NativeProtocol* native;
  Descriptor descriptor;
  WriteQueue queue;
  Endpoint peer, own;
  long long conn_lost;
  long long high_water, low_water;
  int fd;  // -1 once closed
  int shown_fd;
  bool bulk;      // much came the last time
  bool buffered;  // the protocol is a BufferedProtocol
  bool factory;   // `protocol` is a factory still
  bool protocol_deleted;
  bool connected;
  bool closing;
  bool paused;
  bool reads_though_paused;  // paused before the start, by a release whose start does not look
  bool eof;
  bool protocol_paused;

  auto refs() {
    return std::tie(extra, given_high_water, loop, given_low_water, home, sock, protocol, server,
                    empty_waiter, given_context, lost_context, read_context, write_context,
                    start_waiter, lost_exception);
  }
};

inline StreamTransport& stream_of(PyObject* self) noexcept {
  return *reinterpret_cast<StreamTransport*>(self);
}
inline PyObject* object_of(StreamTransport& stream) noexcept {
  return reinterpret_cast<PyObject*>(&stream);
}

// A connection that has been accepted: protocol_factory() is called in the next iteration. Takes
// the descriptor in any case. Empty: error set.
struct Accepted {
  int fd;
  const sockaddr_storage& peer;
  const Endpoint& own;  // known() if it is the same for every connection of the listener
};
int start_accepted(LoopData& data, const Accepted& accepted, PyObject* factory, PyObject* server,
                   PyObject* context) noexcept;

// --- the parts of the implementation, each in its file ------------------------------------------

namespace stream {
// stream_type.cc
// As an assignment to `_protocol`; null: it is deleted.
void replace_protocol(StreamTransport& stream, PyObject* protocol) noexcept;

// stream_read.cc
extern const DescriptorKind kDescriptorKind;
int start_reading(StreamTransport& stream, Ref<> context) noexcept;

// stream_write.cc
Ref<> write(PyObject* self, PyObject* data) noexcept;
Ref<> write_lines(PyObject* self, PyObject* list) noexcept;
Ref<> write_eof(PyObject* self) noexcept;
// Sends what is queued unless the system was last seen not to take more. Errors are dealt with.
void flush(StreamTransport& stream) noexcept;
// protocol.pause_writing() above the high-water mark. None, or empty with an error that ends the
// run.
Ref<> maybe_pause(StreamTransport& stream) noexcept;
void writable(Descriptor& descriptor) noexcept;
// Somebody waits until everything has been sent.
inline bool awaits_emptiness(const StreamTransport& stream) noexcept {
  return stream.empty_waiter && stream.empty_waiter.get() != Py_None;
}
extern const WorkKind kFlushKind;

// stream_close.cc
Ref<> close(PyObject* self) noexcept;
Ref<> abort(PyObject* self) noexcept;
Ref<> force_close(PyObject* self, PyObject* exception) noexcept;
// Schedules connection_lost(exception); null: None. Nothing if the connection is lost already. 0,
// or -1 with an error set (the loop is closed).
int lose_connection(StreamTransport& stream, PyObject* exception) noexcept;
// One more of `_conn_lost`, which may have been set to any number.
inline void count_lost(StreamTransport& stream) noexcept {
  if (stream.conn_lost < LLONG_MAX) ++stream.conn_lost;
}
// The error in `exception` ends the connection as asyncio's transport._fatal_error() has it end, or
// the run.
void fatal_error(StreamTransport& stream, Ref<> exception, const char* message) noexcept;
void fatal_os_error(StreamTransport& stream, int error, const char* message) noexcept;
// connection_lost(None) in this very call, as asyncio has it once a closing transport has sent all.
void lose_now(StreamTransport& stream) noexcept;
// Closes the descriptor, once, which nothing watches any more then. 0, or -1 with what closing the
// socket object raised.
int close_descriptor(StreamTransport& stream) noexcept;
// The same for a transport that goes away unclosed. A socket object is left to close itself: the
// collector may have taken it apart already, or it has been closed and the number is somebody
// else's.
void drop_descriptor(StreamTransport& stream) noexcept;
extern const WorkKind kLostKind;

// stream_start.cc
// What every transport begins with. The object is fresh: everything else is zero.
// REQUIRES: data.transports has room for the descriptor.
void begin(StreamTransport& stream, LoopData& data, int fd, const DescriptorKind& kind) noexcept;
// connection_made() in the next iteration, then reading. 0, or -1 with an error set.
int schedule_start(StreamTransport& stream) noexcept;
PyObject* create(PyTypeObject* type, PyObject* args, PyObject* keywords) noexcept;
extern const WorkKind kStartKind;

// stream_info.cc
Ref<> get_extra_info(PyObject* self, py::Args args) noexcept;
Ref<> all_extra(PyObject* self) noexcept;
int set_extra(PyObject* self, PyObject* value) noexcept;
// Takes the names of the two ends from the socket object where they are no internet addresses. 0 or
// -1.
int remember_names(StreamTransport& stream) noexcept;
// The socket object, made if there is none yet. Empty: error set.
Ref<> socket_of(StreamTransport& stream) noexcept;
}  // namespace stream

// The context for the work that is scheduled now: a copy of the current one, or the given one.
Ref<> context_now(StreamTransport& stream) noexcept;
void set_stream_protocol(StreamTransport& stream, PyObject* protocol, bool is_buffered) noexcept;
// transport._protocol, for a call of one of its methods; None once the connection is lost. Empty,
// with AttributeError: it has been deleted.
Ref<> protocol_of(StreamTransport& stream) noexcept;

Ref<PyTypeObject> new_stream_type(State& state, PyObject* module) noexcept;

}  // namespace phaseloop
