#include "cli/command_line.h"

#include <CLI11/CLI11.hpp>
#include <algorithm>
#include <map>
#include <utility>

namespace phaseloop {
namespace {

constexpr int kUsageError = 2;  // as python3 has it

struct InterpreterOption {
  const char* name;
  const char* value;  // what it takes, or null
  const char* help;
};
// Those of python3 that mean something to a program run here, with python3's meanings.
constexpr InterpreterOption kInterpreterOptions[] = {
    {"-b", nullptr, "warn when bytes are used as text; -bb: an error"},
    {"-B", nullptr, "write no byte code to disk"},
    {"-d", nullptr, "debug the parser"},
    {"-E", nullptr, "ignore PYTHON* environment variables"},
    {"-i", nullptr, "a prompt after the program, which finds the program's names"},
    {"-I", nullptr, "isolated: neither the environment nor the user's packages"},
    {"-O", nullptr, "leave assertions out; -OO: docstrings, too"},
    {"-P", nullptr, "do not put the program's folder on sys.path"},
    {"-q", nullptr, "no version and copyright before the prompt"},
    {"-s", nullptr, "leave the user's own packages off sys.path"},
    {"-S", nullptr, "do not import site"},
    {"-u", nullptr, "standard output and error unbuffered"},
    {"-v", nullptr, "say what is imported"},
    {"-W", "FILTER", "a warnings filter, such as error or ignore::DeprecationWarning"},
    {"-X", "OPTION", "an option of the implementation, such as dev or utf8"},
};

// The options, and what they are parsed into. One use.
class Parser {
 public:
  explicit Parser(const Caller& caller) : caller_(caller), app_("", caller.name) {
    app_.prefix_command();  // the first argument that is no option of ours ends the options
    app_.option_defaults()->group("Options");
    app_.set_help_flag("-h,--help", "this text");
    app_.usage(usage());
    app_.footer(footer());
    add_own_options();
    add_interpreter_options();
    app_.get_formatter()->column_width(20);
  }

  std::variant<Command, Answer> parse(std::vector<std::string> arguments) {
    std::ranges::reverse(arguments);  // as CLI11 wants them
    try {
      app_.parse(std::move(arguments));
    } catch (const CLI::CallForHelp&) {
      return Answer{0, app_.help()};
    } catch (const CLI::ParseError& error) {
      return refusal(error.what());
    }
    if (const char* name = first_interpreter_option(); name && !caller_.starts_interpreter) {
      return refusal(std::string(name) + " is an option of the interpreter: python3 " + name +
                     " -m phaseloop ...");
    }
    if (version_) return options_only(Action::show_version);
    return with_program(app_.remaining());
  }

 private:
  std::string usage() const {
    const std::string& name = caller_.name;
    return "usage: " + name + " [options] script.py [arguments]    run a program\n" +  //
           "       " + name + " [options] -m module [arguments]    a module, as python3 -m does\n" +
           "       " + name + " [options] -c code [arguments]      code given right here\n" +
           "       " + name +
           " [options] - [arguments]            a program from standard input\n" + "       " +
           name + " [options]                          a prompt that understands await" +
           "\n\nRuns asyncio programs as they are, on phaseloop's native event loop. Options "
           "after\n"
           "the program are its own. Programs written for older Pythons, back to 3.7, run too:\n"
           "what asyncio has removed since works again, and warns how it is spelled today.";
  }

  std::string footer() const {
    if (caller_.starts_interpreter) return "";
    return "Options of the interpreter stand before -m: python3 -O -m phaseloop script.py";
  }

  void add_own_options() {
    app_.add_flag("--strict", strict_, "asyncio exactly as this Python has it, nothing older")
        ->disable_flag_override();
    app_.add_flag("--debug", debug_, "asyncio's debug mode, as PYTHONASYNCIODEBUG=1 sets it")
        ->disable_flag_override();
    app_.add_flag("-x", skip_first_line_, "skip the first line of script.py, as python3 -x does")
        ->disable_flag_override();
    app_.add_flag("-V,--version", version_, "the versions and the poller in use")
        ->disable_flag_override();
  }

  void add_interpreter_options() {
    for (const auto& [name, value, help] : kInterpreterOptions) {
      CLI::Option* option =
          value ? app_.add_option(name, values_[name])->type_name(value)->allow_extra_args(false)
                : app_.add_flag(name)->disable_flag_override();
      option->description(help);
      // Hidden where it would be refused.
      option->group(caller_.starts_interpreter ? "Options of the interpreter, as python3's" : "");
    }
  }

  const char* first_interpreter_option() const {
    for (const auto& option : kInterpreterOptions) {
      if (app_.get_option(option.name)->count() != 0) return option.name;
    }
    return nullptr;
  }

  std::vector<std::string> interpreter_options() const {
    std::vector<std::string> found;
    for (const auto& [name, value, help] : kInterpreterOptions) {
      const CLI::Option& option = *app_.get_option(name);
      for (const std::string& result : option.results()) {
        found.emplace_back(name);
        if (value) found.push_back(result);
      }
    }
    return found;
  }

  Command options_only(Action action) const {
    Command command;
    command.action = action;
    command.strict = strict_;
    command.debug = debug_;
    command.skip_first_line = skip_first_line_;
    command.interpreter_options = interpreter_options();
    return command;
  }

  // rest: the program and all that follows it; or an option that nobody knows.
  std::variant<Command, Answer> with_program(std::vector<std::string> rest) const {
    if (!rest.empty() && rest.front() == "--") rest.erase(rest.begin());
    if (rest.empty()) return options_only(Action::prompt);
    Command command = options_only(Action::run_script);
    const std::string first = rest.front();
    rest.erase(rest.begin());
    if (first == "-") {
      command.action = Action::run_input;
    } else if (first.starts_with("-m") || first.starts_with("-c")) {
      command.action = first[1] == 'm' ? Action::run_module : Action::run_code;
      if (first.size() > 2) {  // -mMODULE
        command.program = first.substr(2);
      } else if (rest.empty()) {
        return refusal(first == "-m" ? "-m needs the name of a module"
                                     : "-c needs the code to run");
      } else {
        command.program = rest.front();
        rest.erase(rest.begin());
      }
    } else if (first.starts_with("-")) {
      return refusal("unknown option " + first);
    } else {
      command.program = first;
    }
    command.arguments = std::move(rest);
    return command;
  }

  Answer refusal(const std::string& why) const {
    return {kUsageError, "phaseloop: " + why + "\nTry: " + caller_.name + " --help\n"};
  }

  const Caller& caller_;
  CLI::App app_;
  std::map<std::string, std::vector<std::string>> values_;  // of interpreter options, as given
  bool strict_ = false;
  bool debug_ = false;
  bool skip_first_line_ = false;
  bool version_ = false;
};

}  // namespace

std::string_view version() noexcept { return PHASELOOP_VERSION; }

std::variant<Command, Answer> parse_command_line(const std::vector<std::string>& arguments,
                                                 const Caller& caller) {
  return Parser(caller).parse(arguments);
}

}  // namespace phaseloop
