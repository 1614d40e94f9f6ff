// Runs asyncio programs on phaseloop's native event loop, from a C++ program:
//
//   int main() {
//     phaseloop::Interpreter interpreter;
//     int status = interpreter.run_file("server.py", {"--port", "8000"});
//     return interpreter.finalise(status);
//   }
//
// Link with the CMake target phaseloop::embed. No header of Python's is needed. Whatever a program
// prints, raises or returns is treated as python3 treats it; `status` is what python3 would exit
// with.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace phaseloop {

struct Settings {
  // What sys.executable is to say: a program that takes the command line of python3, as those
  // started by multiprocessing are. Empty: the python3 whose standard library is used.
  std::string executable;
  // Options of python3, as it takes them: "-O", "-W", "error", "-X", "dev". With "-i" finalise()
  // begins with python3's prompt, in which the last program's names are there.
  std::vector<std::string> interpreter_options;
  bool strict = false;           // without what asyncio has removed since Python 3.7
  bool debug = false;            // asyncio's debug mode
  bool skip_first_line = false;  // of what run_file() runs, if that is source
};

// Why there is no interpreter: one sentence, for people.
struct CannotStart : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// CPython in this process, with phaseloop installed. The standard library and virtual environment
// are those that python3 would use: of the folder that `executable` lies in, if that is one of a
// virtual environment; else of the environment that is active (its python3 comes first on PATH);
// else of the Python that phaseloop was built for.
//
// One in the life of a process: extension modules are seldom made for a second start. Used by the
// thread that made it, best the main thread: signals arrive there alone.
class [[gnu::visibility("default")]] Interpreter final {
 public:
  // Throws CannotStart: a library of another Python, no standard library, an interpreter that
  // is or was there.
  explicit Interpreter(const Settings& settings = {});
  // Finalises, unless that is done.
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  // Each runs one program, as a __main__ of its own, to its end: exit status 0 to 255. Uncaught
  // exceptions are printed, and are status 1. `arguments` follow the program's name in sys.argv.
  int run_file(const std::string& path, const std::vector<std::string>& arguments = {});
  int run_module(const std::string& name, const std::vector<std::string>& arguments = {});
  int run_code(const std::string& code, const std::vector<std::string>& arguments = {});
  int run_input(const std::vector<std::string>& arguments = {});  // from standard input
  int run_prompt();                                               // that of python3 -m asyncio

  // Prints the versions and the poller in use; status 0.
  int print_versions();

  // Whether the last program was ended by KeyboardInterrupt. A process is then expected to end
  // itself by SIGINT, once it has finalised.
  bool interrupted() const noexcept { return interrupted_; }

  // Waits for threads, runs what is registered to run at exit, flushes. Returns the exit status of
  // the process: `status`, that of the prompt if there was one, or 120 if flushing failed, as
  // python3 does. Only once.
  int finalise(int status) noexcept;

 private:
  int run(const char* action, const std::string& program,
          const std::vector<std::string>& arguments);

  Settings settings_;
  bool running_ = false;
  bool interrupted_ = false;
  bool prompt_follows_ = false;
};

}  // namespace phaseloop
