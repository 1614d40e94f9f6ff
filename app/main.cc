// The executable: the command line, an interpreter of its own, and an end as python3's.
#include <csignal>
#include <cstdio>
#include <variant>

#include "app/embed.h"
#include "cli/command_line.h"

namespace phaseloop {
namespace {

constexpr int kCannotStart = 1;

int run(Interpreter& interpreter, const Command& command) {
  switch (command.action) {
    case Action::run_script:
      return interpreter.run_file(command.program, command.arguments);
    case Action::run_module:
      return interpreter.run_module(command.program, command.arguments);
    case Action::run_code:
      return interpreter.run_code(command.program, command.arguments);
    case Action::run_input:
      return interpreter.run_input(command.arguments);
    case Action::prompt:
      return interpreter.run_prompt();
    case Action::show_version:
      return interpreter.print_versions();
  }
  return kCannotStart;
}

int carry_out(const Command& command, const char* executable) {
  try {
    Interpreter interpreter({.executable = executable,
                             .interpreter_options = command.interpreter_options,
                             .strict = command.strict,
                             .debug = command.debug,
                             .skip_first_line = command.skip_first_line});
    const int status = interpreter.finalise(run(interpreter, command));
    if (interpreter.interrupted()) {
      // Whoever waits for us is to see that it was the signal: shells stop their scripts on that.
      std::signal(SIGINT, SIG_DFL);
      std::raise(SIGINT);
    }
    return status;
  } catch (const CannotStart& problem) {
    std::fprintf(stderr, "phaseloop: %s\n", problem.what());
    return kCannotStart;
  }
}

int main(int count, char** words) {
  auto found = parse_command_line({words + 1, words + count},
                                  {.name = "phaseloop", .starts_interpreter = true});
  if (const auto* answer = std::get_if<Answer>(&found)) {
    std::fputs(answer->text.c_str(), answer->status == 0 ? stdout : stderr);
    return answer->status;
  }
  return carry_out(std::get<Command>(found), words[0]);
}

}  // namespace
}  // namespace phaseloop

int main(int count, char** words) { return phaseloop::main(count, words); }
