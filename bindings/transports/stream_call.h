// How a stream transport calls out, and where what comes of it goes.
#pragma once

#include "bindings/core/current_task.h"
#include "bindings/transports/stream.h"

namespace phaseloop::stream {

// asyncio takes up to twice as much at a time, as we do in bulk; this much is still in the
// processor's cache when it is copied.
constexpr std::size_t kReadMax = 128 * 1024;
// What asyncio takes at a time.
constexpr std::size_t kBulkReadMax = 256 * 1024;

// The loop's, of kBulkReadMax bytes; null: out of memory.
char* read_buffer(LoopData& data) noexcept;
// Something has arrived: false if nobody wants it, which ends the watching.
bool wants_to_read(StreamTransport& stream) noexcept;

// REQUIRES: the connection is not lost. The state lives as long as the caller owns the loop.
inline State& state_of(StreamTransport& stream) noexcept { return stream.data->state; }

// The pending error came out of work of the loop's, where asyncio would have a handle for the
// method `name` of the transport: reported as of a callback, or it ends the run. Unraisable, if the
// connection has been lost in between.
void callback_error(StreamTransport& stream, const char* name) noexcept;
// The same of a callback that is not the transport's own, or has an argument.
void callback_error(LoopData& data, PyObject* callback, PyObject* argument = nullptr) noexcept;

// work(), as the loop's own, in the context; `method` is what asyncio would have a handle for.
template <class Work>
void in_context(StreamTransport& stream, Ref<>& given, const char* method, Work&& work) noexcept {
  Ref<> loop = py::borrow(stream.data->object);
  leave_standing_task(*stream.data);
  Ref<> context = given.share();
  if (!context || PyContext_Enter(context.get()) < 0) return callback_error(stream, method);
  work();
  if (PyContext_Exit(context.get()) < 0) py::write_unraisable(context.get());
}

// asyncio's own method of that name, called on the transport.
Ref<> call_stock(PyObject* self, const char* name, PyObject* argument) noexcept;

// In debug mode: logger.debug(format, transport).
void log_debug(StreamTransport& stream, const char* format) noexcept;

// protocol.pause_writing() or resume_writing(): an error is reported; one that ends the run is left
// pending, and -1 returned.
enum class Flow { pause, resume };
int tell_protocol(StreamTransport& stream, Flow flow) noexcept;

}  // namespace phaseloop::stream
