// How a stream transport calls out, and where what comes of it goes.
#pragma once

#include "bindings/transports/stream.h"

namespace phaseloop::stream {

inline State& state_of(StreamTransport& stream) noexcept { return stream.data->state; }

// The pending error came out of work of the loop's, where asyncio would have a handle for the
// method `name` of the transport: reported as of a callback, or it ends the run.
void callback_error(StreamTransport& stream, const char* name) noexcept;
// The same of a callback that is not the transport's own.
void callback_error(LoopData& data, PyObject* callback) noexcept;

// asyncio's own method of that name, called on the transport.
Ref<> call_stock(PyObject* self, const char* name, PyObject* argument) noexcept;

// In debug mode: logger.debug(format, transport).
void log_debug(StreamTransport& stream, const char* format) noexcept;

// protocol.pause_writing() or resume_writing(): an error is reported; one that ends the run is left
// pending, and -1 returned.
enum class Flow { pause, resume };
int tell_protocol(StreamTransport& stream, Flow flow) noexcept;

}  // namespace phaseloop::stream
