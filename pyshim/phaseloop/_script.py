"""Script mode: run a program as python3 would, with phaseloop installed and the legacy layer on.

The command line itself is defined in C++ (cli/command_line.h). Two hosts carry it out: here the
interpreter is python3's (``python3 -m phaseloop``, the console script); the executable brings its
own and calls start(), report() and exit_status().
"""

import functools
import itertools
import operator
import os
import subprocess
import sys

from . import _command_line, _native, _origin, _program
from ._install import install


def main():
    """``python3 -m phaseloop``. Returns the process's exit status."""
    return _host("python3 -m phaseloop")


def console():
    """The console script that pip installs. Returns the process's exit status."""
    return _host("phaseloop")


def _host(name):
    found = _command_line.parse_command_line([*map(os.fsencode, sys.argv[1:])], name)
    if isinstance(found, tuple):
        status, text = found
        print(text, end="", file=sys.stderr if status else sys.stdout)
        return status
    if not sys.flags.safe_path:
        del sys.path[0]  # where python3 found the module or the console script
    uncaught = None
    try:
        start(**found, as_module=True)()
    except SystemExit:
        raise
    except BaseException as exc:
        uncaught = exc
    if uncaught is not None:  # and not being handled any more, for what reporting may raise
        report(uncaught)
        _end_unseen(isinstance(uncaught, KeyboardInterrupt))
    return 0


def start(action, program, arguments, strict, debug, as_module=False, skip_first_line=False):
    """Install phaseloop and make ready what a command line asks for; return what runs it.

    action: as in cli/command_line.h. program: a path, a module's name or code. as_module: the
    interpreter that runs this is python3's, so that processes started by multiprocessing need to be
    told to use phaseloop. skip_first_line: of a script's source. Raises what the program's own
    start would: SyntaxError, SystemExit.
    """
    if action == "show_version":
        return functools.partial(print, _versions())
    install()
    to_code = _program.compile_plain
    if not strict:
        from . import legacy

        legacy.enable()
        to_code = legacy.compile_source
    if debug:
        _debug_every_loop()
    if as_module:
        _origin.hide_from_coroutines()
    options = ["-m", "phaseloop"] if as_module else []
    options += ["--strict"] if strict else []
    options += ["--debug"] if debug else []
    _pass_on_to_processes(options)
    match action:
        case "run_script":
            return _program.script(program, arguments, to_code, skip_first_line)
        case "run_module":
            return _program.module(program, arguments)
        case "run_code":
            return _program.code(program, arguments, to_code)
        case "run_input" if sys.stdin is None or not sys.stdin.isatty():
            return _program.standard_input(arguments, to_code)
        case "run_input" | "prompt":
            return _program.prompt()
    raise ValueError(f"no action {action!r}")


def report(exc):
    """Print an exception that nobody caught, as the interpreter does, but no frame of ours.

    Returns the exit status.
    """
    _command_line.print_exception(exc.with_traceback(_without_ours(exc.__traceback__)))
    return 1


def exit_status(stop):
    """The exit status that a SystemExit asks for; what else it carries is printed first."""
    if sys.flags.inspect:  # there is more to come
        return report(stop)
    if stop.code is None:
        return 0
    if isinstance(stop.code, int):
        return stop.code & 0xFF if abs(stop.code) < 2**63 else 0xFF
    if sys.stderr is not None:  # None: closed when the interpreter started
        print(stop.code, file=sys.stderr)
    return 1


def prepare_prompt():
    """Whether python3 would have a prompt now, after the program, for -i or PYTHONINSPECT.

    Then the interpreter's own end brings it. It takes its command line for one with -c, and puts
    that's folder on sys.path; here the program's stays the first.
    """
    asked = not sys.flags.ignore_environment and os.environ.get("PYTHONINSPECT")
    if not sys.flags.inspect and not asked:
        return False
    if not sys.flags.interactive and not os.isatty(0):
        return False
    hook, path = getattr(sys, "__interactivehook__", None), [*sys.path]

    def restore():
        sys.path[:] = path
        del sys.__interactivehook__
        if hook is not None:
            sys.__interactivehook__ = hook
            hook()

    sys.__interactivehook__ = restore
    return True


def _without_ours(trace):
    """The traceback without frames of this package, unless it ends in one: that is then news."""
    entries = []
    while trace is not None:
        entries.append(trace)
        trace = trace.tb_next
    package = os.path.join(os.path.dirname(__file__), "")
    own = [each.tb_frame.f_code.co_filename.startswith(package) for each in entries]
    while own and own[0]:  # what started the program, in any case
        del own[0], entries[0]
    if own and not own[-1]:
        entries = list(itertools.compress(entries, map(operator.not_, own)))
        for each, following in itertools.pairwise([*entries, None]):
            each.tb_next = following
    return entries[0] if entries else None


class _Reported(Exception):
    """Ends the interpreter after an exception that has been printed."""


def _end_unseen(interrupted):
    """Let the interpreter end on an exception, and print nothing more.

    It knows what that means: the exit status, -i, and after an interrupt to end itself by SIGINT
    once all is finalised, which shells rely on.
    """
    saved = sys.excepthook

    def unseen(*_):
        sys.excepthook = saved

    sys.excepthook = unseen
    if interrupted:
        _command_line.note_interrupt()
    raise _Reported


def _debug_every_loop():
    from asyncio import coroutines

    coroutines._is_debug_mode = lambda: True  # what new loops ask


def _pass_on_to_processes(options):
    """Have processes that multiprocessing starts run on phaseloop, too, with these options.

    It asks this function of subprocess, and nobody else does: how to start an interpreter that is
    set as this one is.
    """
    ask = subprocess._args_from_interpreter_flags

    @functools.wraps(ask)
    def with_options():
        return [*ask(), *options]

    subprocess._args_from_interpreter_flags = with_options
    if util := sys.modules.get("multiprocessing.util"):
        util._args_from_interpreter_flags = with_options


def _versions():
    import platform

    try:
        import ssl

        tls = f"{ssl.OPENSSL_VERSION}, through Python's ssl module"
    except ImportError as missing:
        tls = f"none: {missing}"
    return (
        f"phaseloop {_native.version}\n"
        f"{platform.python_implementation()} {platform.python_version()}\n"
        f"poller: {_native.poller}\n"
        f"TLS: {tls}"
    )
