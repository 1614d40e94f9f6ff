// The command line of phaseloop: what its options are, what they say for themselves, and where they
// end and the program's own arguments begin. Defined here once for all who offer it: the
// executable, `python3 -m phaseloop`, and the console script that pip installs.
//
// Pure C++, no interpreter: carrying a command out is the caller's business.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace phaseloop {

// The release, as pyproject.toml has it.
std::string_view version() noexcept;

// Who asks. Options of the interpreter can be honoured only by the one who starts it.
struct Caller {
  std::string name;  // as the user typed it: phaseloop, or python3 -m phaseloop
  bool starts_interpreter = false;
};

enum class Action { run_script, run_module, run_code, run_input, prompt, show_version };

// Something to carry out.
struct Command {
  Action action = Action::prompt;
  std::string program;                           // a path, the name of a module, or code
  std::vector<std::string> arguments;            // the program's own, untouched
  bool strict = false;                           // without the legacy layer
  bool debug = false;                            // asyncio's debug mode
  bool skip_first_line = false;                  // of a program that is a file of source
  std::vector<std::string> interpreter_options;  // as python3 takes them: "-O", "-W", "error"
};

// Something to say instead: help on standard output, with status 0; or, on standard error, why the
// command line is none, with the status that python3 has for that. Text ends in a newline.
struct Answer {
  int status = 0;
  std::string text;
};

// Arguments without the program's name, in whatever encoding: bytes go in and come out as they are.
std::variant<Command, Answer> parse_command_line(const std::vector<std::string>& arguments,
                                                 const Caller& caller);

}  // namespace phaseloop
