"""asyncio.async(): source in which `async` is a name, compiled all the same.

From 3.7 on `async` is a keyword, and such a file a SyntaxError. An identifier that is spelled with
another letter which Unicode holds to be the same, though, is no keyword and still the name `async`:
the parser normalises identifiers. So nothing else in the program changes, neither what it calls nor
its lines and columns.
"""

import asyncio
import importlib.machinery
import sys
import warnings
from asyncio import tasks

from ._replace import put
from ._warn import warn

_NAME = "\N{FEMININE ORDINAL INDICATOR}sync"  # NFKC: "async"; as many characters, one byte more
_AFTER_THE_KEYWORD = {"def", "for", "with"}
_BEFORE_A_NAME = {".", ",", "(", "[", "{"}  # whatever comes after it


def put_all(undo):
    """Put what is here in its places."""
    for home in (asyncio, tasks):
        put(undo, home, "async", _async)
    loader = importlib.machinery.SourceFileLoader
    put(undo, loader, "source_to_code", _to_code_with_rewriting(loader.source_to_code))


def compile_source(source, filename, *, module="__main__"):
    """Compile a program's source as the interpreter does, `async` as a name included.

    source: bytes, as read from the file, or a string. filename: as in tracebacks. module: the
    __name__ it will run under, by which warnings are filtered. Source that compiles as it is comes
    out as compile() makes it, and nothing else is done. Otherwise each `async` that is a name
    (``asyncio.async(…)``, ``from asyncio import async``, ``f(async=True)``) is made one again, with
    a DeprecationWarning at its line; lines and columns stay. It works whether the legacy layer is
    on or off, but ``asyncio.async`` is there only while it is on.

    Raises SyntaxError, about the source as it was written, if that is not what was wrong, and
    ValueError where compile() does.
    """
    try:
        try:
            return compile(source, filename, "exec", dont_inherit=True)
        except SyntaxError as error:
            return _compile_rewritten(source, filename, module, error)
    except Exception as error:
        error.__traceback__ = None  # as compile() raises it: this function adds no frame
        raise


def _compile_rewritten(source, filename, module, first_error):
    """The code of source in which `async` is a name; raises first_error if it is not, or not only.

    If rewriting gets beyond the line of that error, to another one, it raises that.
    """
    import ast

    lines = _lines(source)
    found = _names(lines)
    if not found:
        raise first_error
    rewritten = list(lines)
    for row, column in found:
        line = rewritten[row - 1]
        rewritten[row - 1] = line[:column] + _NAME + line[column + len(_NAME) :]
    try:
        tree = ast.parse("".join(rewritten), filename)
    except SyntaxError as error:
        if error.lineno is None or error.lineno == first_error.lineno:
            raise first_error from None
        if error.lineno <= len(lines):
            error.text = lines[error.lineno - 1]
        raise error from None
    _restore_columns(tree, rewritten, found)
    code = compile(tree, filename, "exec", dont_inherit=True)
    _warn_of_names(found, filename, module)
    return code


def _lines(source):
    """The lines of the source; none if it cannot be decoded."""
    import importlib.util
    import io

    try:
        text = source if isinstance(source, str) else importlib.util.decode_source(source)
    except (SyntaxError, UnicodeDecodeError):
        return []
    return io.StringIO(text).readlines()


def _names(lines):
    """[(line, column)] of each `async` that is a name; none if the lines have no tokens."""
    import tokenize

    try:
        tokens = [
            token
            for token in tokenize.generate_tokens(iter([*lines, ""]).__next__)
            if token.type not in (tokenize.NL, tokenize.COMMENT)
        ]
    except (tokenize.TokenError, SyntaxError):
        return []
    return [
        token.start
        for before, token, after in zip([None, *tokens], tokens, tokens[1:], strict=False)
        if token.string == "async"
        and (
            after.string not in _AFTER_THE_KEYWORD
            or (before is not None and before.string in _BEFORE_A_NAME)
        )
    ]


def _restore_columns(tree, lines, found):
    """What comes after a name in its line is a byte further to the right than in the file."""
    import ast
    import bisect

    columns = {}
    for row, column in found:
        columns.setdefault(row, []).append(len(lines[row - 1][:column].encode()))
    for node in ast.walk(tree):
        for line, column in (("lineno", "col_offset"), ("end_lineno", "end_col_offset")):
            added = columns.get(getattr(node, line, None))
            if added is not None:
                at = getattr(node, column)
                setattr(node, column, at - bisect.bisect_left(added, at))


def _warn_of_names(found, filename, module):
    registry = {}
    for row, _ in found:
        warnings.warn_explicit(
            "The name `async` ended with Python 3.7. Today: asyncio.ensure_future(…) for "
            "asyncio.async(…), and another name for anything else",
            DeprecationWarning,
            filename,
            row,
            module=module,
            registry=registry,
        )


def _async(coro_or_future, *, loop=None):
    """asyncio.ensure_future(), under the name it had until 3.4.4."""
    if "async" not in sys._getframe(1).f_code.co_names:  # else the compiler has warned
        warn("asyncio.async()", "3.7", "asyncio.ensure_future()")
    return asyncio.ensure_future(coro_or_future, loop=loop)


def _to_code_with_rewriting(modern):
    def source_to_code(self, data, path, *args, **kwargs):
        frames = None
        try:
            try:
                return modern(self, data, path, *args, **kwargs)
            except SyntaxError as error:
                frames = error.__traceback__.tb_next
                code = _compile_rewritten(data, path, self.name, error)
                # Without the layer the file remains what it is, an error: so nothing may be cached.
                self._cache_bytecode = lambda *_: None
                return code
        except Exception as error:
            error.__traceback__ = frames or error.__traceback__.tb_next  # and no frame of ours
            raise

    return source_to_code
