#include "bindings/transports/stream_call.h"

#include "bindings/core/handle.h"
#include "bindings/core/work.h"
#include "bindings/py/call.h"

namespace phaseloop::stream {
namespace {

Ref<> failure_context(StreamTransport& stream, const char* message, PyObject* exception) noexcept {
  return py::steal(Py_BuildValue("{sssOsOsO}", "message", message, "exception", exception,
                                 "transport", object_of(stream), "protocol",
                                 stream.protocol ? stream.protocol.get() : Py_None));
}

}  // namespace

void callback_error(LoopData& data, PyObject* callback, PyObject* argument) noexcept {
  Ref<> exception = py::fetch_error();
  Ref<> loop = py::borrow(data.object);
  Ref<> args = py::steal(argument != nullptr ? PyTuple_Pack(1, argument) : PyTuple_New(0));
  Ref<Handle> handle = args ? new_handle(data, callback, args.share(), nullptr) : nullptr;
  if (!handle) return py::write_unraisable(callback);
  callback_failed(data, loop.get(), callback, args.get(), handle.obj(), std::move(exception));
}

void callback_error(StreamTransport& stream, const char* name) noexcept {
  if (stream.data == nullptr) return py::write_unraisable(object_of(stream));
  LoopData& data = *stream.data;
  Ref<> loop = stream.home.share();
  Ref<> exception = py::fetch_error();
  Ref<> method = py::steal(PyObject_GetAttrString(object_of(stream), name));
  if (!method) py::ignore_error();
  py::restore_error(std::move(exception));
  callback_error(data, method ? method.get() : object_of(stream));
}

Ref<> call_stock(PyObject* self, const char* name, PyObject* argument) noexcept {
  State* state = state_of_type(Py_TYPE(self));
  if (state == nullptr) return py::raised;
  Ref<> method = py::steal(PyObject_GetAttrString(state->stock_stream_transport.get(), name));
  return method ? py::call(method.get(), self, argument) : nullptr;
}

void log_debug(StreamTransport& stream, const char* format) noexcept {
  if (stream.data == nullptr || !stream.data->debug) [[likely]]
    return;
  Ref<> logger =
      py::steal(PyObject_GetAttrString(state_of(stream).base_events_module.get(), "logger"));
  Ref<> done =
      logger
          ? py::steal(PyObject_CallMethod(logger.get(), "debug", "sO", format, object_of(stream)))
          : nullptr;
  if (!done) py::write_unraisable(object_of(stream));
}

int tell_protocol(StreamTransport& stream, Flow flow) noexcept {
  if (stream.data == nullptr) return 0;
  const bool pause = flow == Flow::pause;
  Ref<> loop = stream.home.share();
  const State::Names& names = state_of(stream).names;
  Ref<> protocol = protocol_of(stream);
  int result = 0;
  if (!protocol) {
    result = -1;
  } else if (stream.native != nullptr) {
    result = (pause ? stream.native->pause_writing : stream.native->resume_writing)(protocol.get());
  } else {
    PyObject* name = (pause ? names.pause_writing : names.resume_writing).get();
    result = py::call_method(protocol.get(), name) ? 0 : -1;
  }
  if (result >= 0) return 0;
  Ref<> exception = py::fetch_error();
  if (py::ends_the_run(exception.get())) {
    py::restore_error(std::move(exception));
    return -1;
  }
  if (stream.data == nullptr) return 0;
  py::HandlingScope handling(exception.get());
  Ref<> context = failure_context(
      stream, pause ? "protocol.pause_writing() failed" : "protocol.resume_writing() failed",
      exception.get());
  Ref<> done = context
                   ? py::call_method(loop.get(), names.call_exception_handler.get(), context.get())
                   : nullptr;
  return done ? 0 : -1;
}

}  // namespace phaseloop::stream
