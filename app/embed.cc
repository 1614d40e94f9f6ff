#include "app/embed.h"

#include <dlfcn.h>
#include <pybind11/embed.h>
#include <pybind11/stl.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>

#include "app/home.h"

namespace py11 = pybind11;
namespace fs = std::filesystem;

namespace phaseloop {
namespace {

constexpr int kFlushFailed = 120;  // as python3 has it
constexpr char kVersion[] = PYBIND11_TOSTRING(PY_MAJOR_VERSION) "." PYBIND11_TOSTRING(
    PY_MINOR_VERSION);  // what this was compiled for

// The file that a function of this process was loaded from.
std::string file_of(const void* function) {
  Dl_info info;
  if (::dladdr(function, &info) == 0) return "";
  std::error_code missing;
  return fs::canonical(info.dli_fname, missing).string();
}

// A minor release is compatible with its older maintenance releases, and with nothing else.
void check_library() {
  if ((Py_Version >> 16) == (PY_VERSION_HEX >> 16) && Py_Version >= PY_VERSION_HEX) return;
  const std::string found = Py_GetVersion();
  throw CannotStart("this is built for Python " PY_VERSION ", and " +
                    file_of(reinterpret_cast<const void*>(&Py_GetVersion)) + " is Python " +
                    found.substr(0, found.find(' ')));
}

void check(const PyStatus& status) {
  if (!PyStatus_Exception(status)) return;
  throw CannotStart("Python cannot start: " +
                    std::string(status.err_msg ? status.err_msg : "no reason is given"));
}

// The path by which Python finds its standard library.
std::string python_for(const Settings& settings) {
  if (auto python = python_of_environment(settings.executable, kVersion)) return *python;
  std::error_code missing;
  if (fs::exists(PHASELOOP_PYTHON, missing)) return PHASELOOP_PYTHON;
  return settings.executable;
}

class Config final {
 public:
  explicit Config(const std::vector<const char*>& arguments) {
    PyPreConfig before;
    PyPreConfig_InitPythonConfig(&before);
    check(Py_PreInitializeFromBytesArgs(&before, static_cast<Py_ssize_t>(arguments.size()),
                                        const_cast<char**>(arguments.data())));
    PyConfig_InitPythonConfig(&config_);
  }
  ~Config() { PyConfig_Clear(&config_); }
  Config(const Config&) = delete;
  Config& operator=(const Config&) = delete;

  void set(wchar_t*& field, const std::string& value) {
    check(PyConfig_SetBytesString(&config_, &field, value.c_str()));
  }
  PyConfig* operator->() { return &config_; }
  PyConfig* get() { return &config_; }

 private:
  PyConfig config_;
};

// Starts CPython as `python3 OPTIONS -c ''` would, up to where the code would run.
void start_python(const Settings& settings) {
  const std::string python = python_for(settings);
  std::vector<const char*> arguments = {python.c_str()};
  for (const std::string& option : settings.interpreter_options) {
    arguments.push_back(option.c_str());
  }
  arguments.insert(arguments.end(), {"-c", ""});
  Config config(arguments);
  config.set(config->program_name, python);
  try {
    py11::initialize_interpreter(config.get(), static_cast<int>(arguments.size()), arguments.data(),
                                 false);
  } catch (const std::runtime_error& problem) {
    throw CannotStart(std::string("Python cannot start: ") + problem.what());
  }
}

py11::object decoded(const std::string& bytes) {
  PyObject* text =
      PyUnicode_DecodeFSDefaultAndSize(bytes.data(), static_cast<Py_ssize_t>(bytes.size()));
  if (text == nullptr) throw py11::error_already_set();
  return py11::reinterpret_steal<py11::object>(text);
}

// sys.executable and sys.orig_argv are this program's, not those that Python was started with.
void name_program(const std::string& executable) {
  auto sys = py11::module_::import("sys");
  if (!executable.empty()) sys.attr("executable") = decoded(executable);
  std::ifstream command_line("/proc/self/cmdline");
  py11::list words;
  for (std::string word; std::getline(command_line, word, '\0');) words.append(decoded(word));
  sys.attr("orig_argv") = words;
}

// The package lies beside this library; sys.path is afterwards what python3's would be.
void import_package() {
  const auto self = reinterpret_cast<const void*>(&check_library);
  const std::string folder = fs::path(file_of(self)).parent_path() / "phaseloop";
  try {
    auto path = py11::module_::import("sys").attr("path");
    path.attr("insert")(0, decoded(folder));
    py11::module_::import("phaseloop._script");
    path.attr("remove")(decoded(folder));
  } catch (const py11::error_already_set& problem) {
    throw CannotStart("the package in " + folder + " cannot be imported: " + problem.what());
  }
}

// What python3 prints and exits with after an exception that nobody caught.
int status_after(const py11::object& script, const py11::object& stopped) {
  const bool leaves = py11::isinstance(stopped, PyExc_SystemExit);
  try {
    return script.attr(leaves ? "exit_status" : "report")(stopped).cast<int>();
  } catch (py11::error_already_set& problem) {  // in the program's own str() or standard error
    problem.discard_as_unraisable(stopped);
    return 1;
  }
}

}  // namespace

Interpreter::Interpreter(const Settings& settings) : settings_(settings) {
  static std::atomic_flag used;
  if (Py_IsInitialized() || used.test_and_set()) {
    throw CannotStart("this process has, or had, a Python interpreter already");
  }
  check_library();
  if (!settings_.executable.empty()) settings_.executable = located(settings_.executable);
  start_python(settings_);
  running_ = true;
  try {
    name_program(settings_.executable);
    import_package();
  } catch (...) {
    finalise(0);
    throw;
  }
}

Interpreter::~Interpreter() { finalise(0); }

int Interpreter::finalise(int status) noexcept {
  if (!std::exchange(running_, false)) return status;
  // Python was started as for `python3 -i -c ''`: what is left of that is the prompt and the end.
  if (prompt_follows_) return Py_RunMain();
  return Py_FinalizeEx() < 0 ? kFlushFailed : status;
}

int Interpreter::run_file(const std::string& path, const std::vector<std::string>& arguments) {
  return run("run_script", path, arguments);
}
int Interpreter::run_module(const std::string& name, const std::vector<std::string>& arguments) {
  return run("run_module", name, arguments);
}
int Interpreter::run_code(const std::string& code, const std::vector<std::string>& arguments) {
  return run("run_code", code, arguments);
}
int Interpreter::run_input(const std::vector<std::string>& arguments) {
  return run("run_input", "", arguments);
}
int Interpreter::run_prompt() { return run("prompt", "", {}); }
int Interpreter::print_versions() { return run("show_version", "", {}); }

int Interpreter::run(const char* action, const std::string& program,
                     const std::vector<std::string>& arguments) {
  auto script = py11::module_::import("phaseloop._script");
  interrupted_ = false;
  py11::list rest;
  for (const std::string& argument : arguments) rest.append(decoded(argument));
  std::optional<py11::object> stopped;  // an exception; out of its handler when it is reported
  try {
    script.attr("start")(action, decoded(program), rest, settings_.strict, settings_.debug,
                         settings_.executable.empty(), settings_.skip_first_line)();
  } catch (const py11::error_already_set& uncaught) {
    stopped = uncaught.value();
    if (uncaught.trace()) PyException_SetTraceback(stopped->ptr(), uncaught.trace().ptr());
    interrupted_ = uncaught.matches(PyExc_KeyboardInterrupt);
  }
  const int status = stopped ? status_after(script, *stopped) : 0;
  prompt_follows_ = script.attr("prepare_prompt")().cast<bool>();
  if (prompt_follows_) interrupted_ = false;
  return status;
}

}  // namespace phaseloop
