// Script mode's module, phaseloop._command_line: the command line, and how a program's end is told.
// What fails throws: pybind11 makes Python errors of it. The main interpreter's alone.
#include <pybind11/eval.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cli/command_line.h"

namespace py11 = pybind11;

namespace phaseloop {
namespace {

const char* name_of(Action action) {
  switch (action) {
    case Action::run_script:
      return "run_script";
    case Action::run_module:
      return "run_module";
    case Action::run_code:
      return "run_code";
    case Action::run_input:
      return "run_input";
    case Action::prompt:
      return "prompt";
    case Action::show_version:
      return "show_version";
  }
  return "";
}

// As sys.argv would have it: bytes that are no text survive.
py11::object decoded(const std::string& bytes) {
  PyObject* text =
      PyUnicode_DecodeFSDefaultAndSize(bytes.data(), static_cast<Py_ssize_t>(bytes.size()));
  if (text == nullptr) throw py11::error_already_set();
  return py11::reinterpret_steal<py11::object>(text);
}

py11::object parse(const std::vector<std::string>& arguments, const std::string& name) {
  auto found = parse_command_line(arguments, {.name = name, .starts_interpreter = false});
  if (const auto* answer = std::get_if<Answer>(&found)) {
    return py11::make_tuple(answer->status, answer->text);
  }
  const auto& command = std::get<Command>(found);
  py11::list rest;
  for (const std::string& argument : command.arguments) rest.append(decoded(argument));
  py11::dict result;
  result["action"] = name_of(command.action);
  result["program"] = decoded(command.program);
  result["arguments"] = rest;
  result["strict"] = command.strict;
  result["debug"] = command.debug;
  result["skip_first_line"] = command.skip_first_line;
  return result;
}

void print_exception(const py11::object& exception) {
  PyErr_SetObject(py11::type::handle_of(exception).ptr(), exception.ptr());
  PyErr_Print();
}

// The interpreter remembers a KeyboardInterrupt that ends code run through its C API.
void note_interrupt() {
  try {
    py11::exec("raise KeyboardInterrupt", py11::dict());
  } catch (const py11::error_already_set& interrupt) {
    if (!interrupt.matches(PyExc_KeyboardInterrupt)) throw;
  }
}

// Runs source that contains null bytes. It is parsed from a file, because releases treat null bytes
// differently and only their parser for files knows how.
py11::object run_source(const py11::bytes& source, const std::string& filename,
                        const py11::dict& names) {
  const std::string_view text = source;
  std::FILE* file =
      text.empty() ? nullptr : fmemopen(const_cast<char*>(text.data()), text.size(), "r");
  if (file == nullptr) {
    PyErr_SetFromErrno(PyExc_OSError);
    throw py11::error_already_set();
  }
  PyObject* result = PyRun_FileExFlags(file, filename.c_str(), Py_file_input, names.ptr(),
                                       names.ptr(), 1, nullptr);
  if (result == nullptr) throw py11::error_already_set();
  return py11::reinterpret_steal<py11::object>(result);
}

}  // namespace
}  // namespace phaseloop

PYBIND11_MODULE(_command_line, module, py11::mod_gil_not_used()) {
  module.doc() = "Script mode's command line. Use python3 -m phaseloop, not this module.";
  module.def("parse_command_line", phaseloop::parse, py11::arg("arguments"), py11::arg("name"),
             "What a command line asks for: arguments of _script.start(); or (status, text) to "
             "print.");
  module.def("print_exception", phaseloop::print_exception, py11::arg("exception"),
             "Print an exception through sys.excepthook, as the interpreter does at the end.");
  module.def(
      "run_source", phaseloop::run_source, py11::arg("source"), py11::arg("filename"),
      py11::arg("names"),
      "Run source as python3 runs a file: parsed as it is read. For source with null bytes.");
  module.def("note_interrupt", phaseloop::note_interrupt,
             "Have python3 end itself by SIGINT once it has finalised.");
}
