#include "cli/command_line.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

namespace phaseloop {
namespace {

using Words = std::vector<std::string>;

const Caller kExecutable{.name = "phaseloop", .starts_interpreter = true};
const Caller kModule{.name = "python3 -m phaseloop", .starts_interpreter = false};

Command command(const Words& arguments, const Caller& caller = kExecutable) {
  auto found = parse_command_line(arguments, caller);
  const auto* answer = std::get_if<Answer>(&found);
  EXPECT_EQ(answer, nullptr) << answer->text;
  return answer ? Command{} : std::get<Command>(found);
}

Answer answer(const Words& arguments, const Caller& caller = kExecutable) {
  auto found = parse_command_line(arguments, caller);
  const auto* said = std::get_if<Answer>(&found);
  EXPECT_NE(said, nullptr);
  return said ? *said : Answer{};
}

TEST(CommandLine, TheProgramEndsTheOptions) {
  Command found = command({"--strict", "run.py", "--debug", "-O", "-m", "--", "x"});
  EXPECT_EQ(found.action, Action::run_script);
  EXPECT_EQ(found.program, "run.py");
  EXPECT_EQ(found.arguments, (Words{"--debug", "-O", "-m", "--", "x"}));
  EXPECT_TRUE(found.strict);
  EXPECT_FALSE(found.debug);
  EXPECT_EQ(found.interpreter_options, Words{});
}

TEST(CommandLine, Modules) {
  for (const Words& typed : {Words{"--debug", "-m", "package.tool", "--strict"},
                             Words{"--debug", "-mpackage.tool", "--strict"},
                             Words{"--debug", "--", "-m", "package.tool", "--strict"}}) {
    Command found = command(typed);
    EXPECT_EQ(found.action, Action::run_module);
    EXPECT_EQ(found.program, "package.tool");
    EXPECT_EQ(found.arguments, Words{"--strict"});
    EXPECT_TRUE(found.debug);
    EXPECT_FALSE(found.strict);
  }
}

TEST(CommandLine, Code) {
  for (const char* code : {"print(1)", "", "-1", "[1, 2]", "--strict", "'text'"}) {
    Command found = command({"-c", code, "-c", ""});
    EXPECT_EQ(found.action, Action::run_code);
    EXPECT_EQ(found.program, code);
    EXPECT_EQ(found.arguments, (Words{"-c", ""}));
  }
}

TEST(CommandLine, StandardInput) {
  Command found = command({"-", "--strict"});
  EXPECT_EQ(found.action, Action::run_input);
  EXPECT_EQ(found.arguments, Words{"--strict"});
  EXPECT_FALSE(found.strict);
}

TEST(CommandLine, NothingToRun) {
  EXPECT_EQ(command({}).action, Action::prompt);
  Command found = command({"--strict", "--debug"});
  EXPECT_EQ(found.action, Action::prompt);
  EXPECT_TRUE(found.strict && found.debug);
}

TEST(CommandLine, Version) {
  EXPECT_EQ(command({"--version"}).action, Action::show_version);
  EXPECT_EQ(command({"-V", "program.py"}, kModule).action, Action::show_version);
  EXPECT_NE(version(), "");
}

TEST(CommandLine, OptionsOfTheInterpreter) {
  Command found = command({"-Werror", "-OI", "-X", "dev", "-W", "ignore", "-O", "-mtool", "-u"});
  EXPECT_EQ(found.interpreter_options,
            (Words{"-I", "-O", "-O", "-W", "error", "-W", "ignore", "-X", "dev"}));
  EXPECT_EQ(found.action, Action::run_module);
  EXPECT_EQ(found.arguments, Words{"-u"});
}

TEST(CommandLine, OptionsOfAnInterpreterThatRunsAlready) {
  for (const Words& typed : {Words{"-O", "run.py"}, Words{"-W", "error", "run.py"}}) {
    Answer said = answer(typed, kModule);
    EXPECT_EQ(said.status, 2);
    EXPECT_EQ(said.text, "phaseloop: " + typed[0] + " is an option of the interpreter: python3 " +
                             typed[0] + " -m phaseloop ...\nTry: python3 -m phaseloop --help\n");
  }
}

TEST(CommandLine, WhatIsWrongIsOneSentence) {
  EXPECT_EQ(answer({"--stric", "run.py"}).text,
            "phaseloop: unknown option --stric\nTry: phaseloop --help\n");
  EXPECT_EQ(answer({"-Oz"}).text, "phaseloop: unknown option -z\nTry: phaseloop --help\n");
  EXPECT_EQ(answer({"-c"}).text, "phaseloop: -c needs the code to run\nTry: phaseloop --help\n");
  EXPECT_EQ(answer({"-m"}).text,
            "phaseloop: -m needs the name of a module\nTry: phaseloop --help\n");
  for (const Words& typed : {Words{"--stric"}, Words{"-m"}, Words{"-W"}, Words{"--strict=no"}}) {
    EXPECT_EQ(answer(typed).status, 2) << typed[0];
  }
}

TEST(CommandLine, HelpNamesEveryOption) {
  Answer said = answer({"--help"});
  EXPECT_EQ(said.status, 0);
  for (const char* option : {"--strict", "--debug", "--version", "--help", "-m module", "-c code",
                             "script.py", "-W", "-X", "-O", "-I"}) {
    EXPECT_NE(said.text.find(option), std::string::npos) << option;
  }
  EXPECT_EQ(said.text.find("-m phaseloop"), std::string::npos);
  EXPECT_NE(answer({"-h"}, kModule).text.find("usage: python3 -m phaseloop"), std::string::npos);
  EXPECT_EQ(answer({"-h"}, kModule).text.find("-X OPTION"), std::string::npos);
}

TEST(CommandLine, BytesThatAreNoText) {
  Command found = command({"caf\xe9.py", "\xff"});
  EXPECT_EQ(found.program, "caf\xe9.py");
  EXPECT_EQ(found.arguments, Words{"\xff"});
}

}  // namespace
}  // namespace phaseloop
