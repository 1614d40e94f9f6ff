"""Script mode: run a program as python3 would, with phaseloop installed and the legacy layer on."""

import os
import signal
import sys
import traceback
import types
from importlib.machinery import SourceFileLoader

from . import legacy
from ._install import install

USAGE = """\
usage: python3 -m phaseloop [--strict] SCRIPT [ARGS…]
       python3 -m phaseloop [--strict] -m MODULE [ARGS…]
       python3 -m phaseloop [--strict] -c CODE [ARGS…]

Runs an asyncio program, unmodified, on phaseloop's native event loop. Options after the program are
the program's own. Programs written for Python 3.7 run too: what asyncio has removed since works
again, with a DeprecationWarning that names the modern spelling.

  --strict    without the legacy layer: exactly the running Python's asyncio
  -h, --help  this text
"""


def main(arguments):
    """Run the program that the command line names; return the process's exit status."""
    strict = False
    while arguments and arguments[0].startswith("--"):
        option = arguments.pop(0)
        if option == "--help":
            print(USAGE, end="")
            return 0
        if option == "--strict":
            strict = True
        else:
            return _usage_error(f"unknown option {option}")
    if not arguments:
        return _usage_error("nothing to run: name a script, or -m MODULE, or -c CODE")
    if arguments[0] == "-h":
        print(USAGE, end="")
        return 0
    install()
    if not strict:
        legacy.enable()
    return _run(arguments)


def _usage_error(message):
    print(f"phaseloop: {message}\n\n{USAGE}", end="", file=sys.stderr)
    return 2


def _run(arguments):
    kind, *rest = arguments
    if kind == "-m":
        if not rest:
            return _usage_error("-m needs the name of a module")
        return _execute(lambda: _run_module(rest))
    if kind == "-c":
        if not rest:
            return _usage_error("-c needs the code to run")
        sys.argv[:] = ["-c", *rest[1:]]
        sys.path[0] = ""
        return _execute(lambda: exec(compile(rest[0], "<string>", "exec"), _main_module()))
    if kind.startswith("-"):
        return _usage_error(f"unknown option {kind}")
    sys.argv[:] = arguments
    sys.path[0] = os.path.dirname(os.path.abspath(kind))
    try:
        with open(kind, "rb") as file:
            source = file.read()
    except OSError as exc:
        print(
            f"phaseloop: can't open file {kind!r}: [Errno {exc.errno}] {exc.strerror}",
            file=sys.stderr,
        )
        return 2
    return _execute(lambda: exec(compile(source, kind, "exec"), _main_module(kind)))


def _run_module(arguments):
    import runpy

    sys.argv[:] = arguments
    sys.path[0] = os.getcwd()
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)


def _main_module(path=None):
    """The namespace of a fresh __main__, as the interpreter would have set it up."""
    module = types.ModuleType("__main__")
    module.__builtins__ = __builtins__
    if path is not None:
        module.__file__ = path
        module.__cached__ = None
        module.__loader__ = SourceFileLoader("__main__", path)
    sys.modules["__main__"] = module
    return vars(module)


def _execute(program):
    """Run the program; end as python3 does, with no frame of ours in the traceback."""
    try:
        program()
    except SystemExit:
        raise
    except BaseException as exc:
        _report(exc)
        if isinstance(exc, KeyboardInterrupt):
            _die_of_interrupt()
        return 1
    return 0


def _report(exc):
    """What the interpreter does with an uncaught exception, our own frames cut off."""
    trace = exc.__traceback__
    while trace is not None and _is_ours(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    exc.__traceback__ = trace
    try:
        sys.excepthook(type(exc), exc, trace)
    except BaseException:
        print("Error in sys.excepthook:", file=sys.stderr)
        traceback.print_exc()
        print("\nOriginal exception was:", file=sys.stderr)
        traceback.print_exception(exc)


def _is_ours(filename):
    return os.path.dirname(filename) == os.path.dirname(__file__) or filename == "<frozen runpy>"


def _die_of_interrupt():
    """The parent is to see that it was the signal: shells stop their scripts on that."""
    sys.stdout.flush()
    sys.stderr.flush()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGINT)
