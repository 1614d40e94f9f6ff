"""A program as python3 would find it: its code, and the ``__main__`` that it runs in.

Each function sets ``sys.argv``, ``sys.path`` and ``sys.modules["__main__"]`` as the interpreter
would have, and returns what runs the program: a callable that puts no Python frame of ours between
the program and its caller. What python3 says of a program that is none is raised: as SystemExit, or
as the exception that its own traceback would end with. Source is compiled by what is given for
that: to_code(source, filename).
"""

import functools
import io
import os
import sys
from importlib.machinery import BuiltinImporter, SourceFileLoader, SourcelessFileLoader
from types import ModuleType

from . import _command_line


def script(path, arguments, to_code, skip_first_line=False):
    """A file of source or byte code; or a folder or zip archive with a ``__main__`` in it.

    skip_first_line: of source, as ``python3 -x`` does.
    """
    sys.argv[:] = [path, *arguments]
    path = os.path.join(os.getcwd(), path)  # python3 makes it absolute, and leaves its dots alone
    if _is_importable(path):
        sys.path.insert(0, path)
        return _by_runpy("__main__", alter_argv=False)
    _put_first(os.path.dirname(os.path.realpath(path)))
    try:
        with io.open_code(path) as file:
            source = file.read()
    except OSError as exc:
        print(
            f"phaseloop: can't open file {path!r}: [Errno {exc.errno}] {exc.strerror}",
            file=sys.stderr,
        )
        raise SystemExit(2) from None
    if path.endswith(".pyc") or _is_byte_code(source):
        loader = SourcelessFileLoader("__main__", path)
        code = loader.get_code("__main__")
    else:
        if skip_first_line:
            source = source[max(source.find(b"\n"), 0) :]  # its end stays: lines keep their numbers
        return _run_source(
            source, path, to_code, _new_main(SourceFileLoader("__main__", path), path)
        )
    return functools.partial(exec, code, _new_main(loader, path))


def module(name, arguments):
    """A module or package by its name, as ``python3 -m`` runs it."""
    sys.argv[:] = ["-m", *arguments]
    _put_first(os.getcwd())
    return _by_runpy(name, alter_argv=True)


def code(text, arguments, to_code):
    """Code from the command line."""
    sys.argv[:] = ["-c", *arguments]
    _put_first("")
    if sys.version_info >= (3, 14) and text[:1].isspace():
        import textwrap

        text = textwrap.dedent(text)
    compiled = to_code(text, "<string>")
    if sys.version_info >= (3, 13):  # so that tracebacks show its lines
        import linecache

        linecache._register_code(compiled, text, "<string>")
    return functools.partial(exec, compiled, _new_main())


def standard_input(arguments, to_code):
    """All of standard input; none, if it is closed."""
    sys.argv[:] = ["-", *arguments]
    _put_first("")
    source = b"" if sys.stdin is None else sys.stdin.buffer.read()
    return _run_source(source, "<stdin>", to_code, _new_main(path="<stdin>"))


def prompt():
    """The running CPython's own ``python -m asyncio``."""
    sys.argv[:] = [""]
    _put_first(os.getcwd())
    return _by_runpy("asyncio", alter_argv=False)


def _run_source(source, filename, to_code, names):
    if b"\0" in source:
        return functools.partial(_command_line.run_source, source, filename, names)
    return functools.partial(exec, to_code(source, filename), names)


def _is_byte_code(source):
    if source[2:4] != b"\r\n":  # how every magic number ends; spares the import
        return False
    from importlib.util import MAGIC_NUMBER

    return source.startswith(MAGIC_NUMBER)


def compile_plain(source, filename):
    """The code of source that is Python as it stands."""
    return compile(source, filename, "exec", dont_inherit=True)


def _by_runpy(name, alter_argv):
    import runpy

    _new_main()
    return functools.partial(runpy._run_module_as_main, name, alter_argv)


def _put_first(folder):
    if not sys.flags.safe_path:
        sys.path.insert(0, folder)


def _is_importable(path):
    """Whether the import system can look for modules in it: folders and archives."""
    for hook in sys.path_hooks:
        try:
            hook(path)
        except ImportError:
            continue
        return True
    return False


def _new_main(loader=BuiltinImporter, path=None):
    """A fresh ``__main__``, in the place of whatever started us. Returns its namespace."""
    main = ModuleType("__main__")
    main.__loader__ = loader
    if sys.version_info < (3, 14):
        main.__annotations__ = {}
    main.__builtins__ = sys.modules["builtins"]
    if path is not None:
        main.__file__ = path
        if sys.version_info < (3, 15):
            main.__cached__ = None
    sys.modules["__main__"] = main
    return vars(main)
