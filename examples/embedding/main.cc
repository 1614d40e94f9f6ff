// A C++ program that runs Python's asyncio programs: example PROGRAM [ARGUMENTS]
#include <phaseloop/embed.h>

#include <cstdio>
#include <string>
#include <vector>

int main(int count, char** words) {
  if (count < 2) {
    std::fputs("usage: example PROGRAM [ARGUMENTS]\n", stderr);
    return 2;
  }
  try {
    phaseloop::Interpreter interpreter;
    interpreter.run_code(
        "import asyncio\n"
        "async def main():\n"
        "    print('code on', type(asyncio.get_running_loop()).__module__, flush=True)\n"
        "asyncio.run(main())\n");
    const std::vector<std::string> arguments(words + 2, words + count);
    const int program = interpreter.run_file(words[1], arguments);
    const int module = interpreter.run_module("no_such_module");
    const int status = interpreter.finalise(program);
    std::printf("the program ended with %d, the module with %d\n", program, module);
    return status;
  } catch (const phaseloop::CannotStart& problem) {
    std::fprintf(stderr, "example: %s\n", problem.what());
    return 1;
  }
}
