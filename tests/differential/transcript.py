"""What a program did, as lines of text that do not depend on who ran it."""

import asyncio
import contextlib
import gc
import logging
import re
import sys
import warnings

# What differs between two runs of one program on one runtime, and the names that a replacement may
# have of its own: nothing else is evened out.
OWN_TYPES = "(?:Future|Task|Handle|TimerHandle)"
SAME = (
    (re.compile(r"\b0x[0-9a-fA-F]+\b"), "0x"),
    (re.compile(r"\b(?:_Unix)?SelectorEventLoop\b|(?<=<)Loop(?= running=)"), "EventLoop"),
    (re.compile(r"\b(?:Base(?:Selector)?EventLoop|Loop)\.(?=\w)"), "EventLoop."),
    (re.compile(rf"\b(?:_asyncio|phaseloop\._native|asyncio\.\w+)\.(?={OWN_TYPES}\b)"), ""),
    (re.compile(r"[^ '\"(]*/asyncio/(\w+\.py):\d+"), r"asyncio/\1"),
    (re.compile(r"[^ '\"(]*/(\w+\.py:\d+)"), r"\1"),
    (re.compile(r"\btook \d+\.\d+ seconds"), "took some seconds"),
    (re.compile(r"\bwhen=\d+\.\d+"), "when=some"),
)


def evened(text):
    """The text without addresses, directories and class names of loops."""
    for pattern, same in SAME:
        text = pattern.sub(same, text)
    return text


def describe(exc):
    """An exception with what it came from: Type(args) from cause, while handling context."""
    parts, seen = [], set()
    word = ""
    while exc is not None and id(exc) not in seen:
        seen.add(id(exc))
        arguments = ", ".join(map(safe_repr, exc.args))
        parts.append(f"{word}{type(exc).__qualname__}({arguments})")
        if exc.__cause__ is not None:
            word, exc = "from ", exc.__cause__
        elif not exc.__suppress_context__:
            word, exc = "while handling ", exc.__context__
        else:
            break
    return " ".join(parts)


def safe_repr(value):
    if isinstance(value, BaseException):
        return describe(value)
    if isinstance(value, list | tuple) and any(isinstance(v, BaseException) for v in value):
        return "[" + ", ".join(map(safe_repr, value)) + "]"
    return repr(value)


class Transcript:
    """Given to every program: calling it writes a line, and it makes the program's loops."""

    def __init__(self, new_loop):
        self.lines = []
        self._new_loop = new_loop
        self._loops = []
        self._first = None

    def __call__(self, *what):
        """Write a line. Strings as they are, anything else as its repr."""
        line = " ".join(w if isinstance(w, str) else safe_repr(w) for w in what)
        self.lines.append(evened(line))

    @property
    def loop(self):
        """The program's loop; made when first asked for, closed after the program."""
        if self._first is None:
            self._first = self.new_loop()
        return self._first

    @property
    def loop_factory(self):
        """What makes loops, for Runner and its like, which close them themselves."""
        return self._new_loop

    def new_loop(self):
        """One more loop, closed after the program."""
        loop = self._new_loop()
        self._loops.append(loop)
        return loop

    def run(self, main):
        """run_until_complete(main), and a line with what came of it."""
        return self.attempt("run:", self.loop.run_until_complete, main)

    def attempt(self, what, call, *args, **kwargs):
        """A line with what the call returns or raises. Returns the result, or None."""
        try:
            result = call(*args, **kwargs)
        except BaseException as exc:
            self(what, "raised", exc)
            return None
        self(what, result)
        return result

    def plain(self, what, call, *args, **kwargs):
        """attempt(), where it does not matter what the exception came from."""
        try:
            self(what, call(*args, **kwargs))
        except BaseException as exc:
            exc.__context__ = None
            self(what, "raised", exc)

    def refusal(self, what, call, *args, **kwargs):
        """A line with the type of what is raised: texts about missing arguments name C functions
        otherwise than Python ones."""
        try:
            self(what, call(*args, **kwargs))
        except BaseException as exc:
            self(what, "refused with", type(exc).__qualname__)

    def spin(self, times=1):
        """Let the loop do exactly so many iterations."""
        for _ in range(times):
            self.loop.call_soon(self.loop.stop)
            self.loop.run_forever()

    def log(self, *what):
        """A callback: writes the line when it is called."""
        return lambda *args: self(*what, *args)

    def clean_up(self):
        """Close the loops, collect what is left, and so bring out the last complaints."""
        for loop in self._loops:
            if not loop.is_closed() and not loop.is_running():
                loop.close()
        self._loops.clear()
        self._first = None
        gc.collect()

    @contextlib.contextmanager
    def recording(self):
        """Write down what else can be seen: asyncio's log, warnings, unraisable exceptions."""
        handler = _ToTranscript(self)
        logger = logging.getLogger("asyncio")
        logger.addHandler(handler)
        logger.propagate = False
        former = sys.unraisablehook, warnings.showwarning
        sys.unraisablehook = self._unraisable
        warnings.simplefilter("always")
        warnings.showwarning = self._warning
        try:
            yield
        finally:
            logger.removeHandler(handler)
            logger.propagate = True
            sys.unraisablehook, warnings.showwarning = former

    def _unraisable(self, args):
        # The object is not ours to compare: it may be a C method or a Python one.
        self("unraisable:", args.exc_value)

    def _warning(self, message, category, filename, lineno, file=None, line=None):
        self(f"warning: {category.__name__}:", str(message))


class _ToTranscript(logging.Handler):
    def __init__(self, transcript):
        super().__init__()
        self.transcript = transcript

    def emit(self, record):
        lines = record.getMessage().splitlines()
        # Where an object was made is a stack through whoever made it: only our own part counts.
        shown = [line for line in lines if not line.startswith("  ")]
        exc = record.exc_info[1] if record.exc_info else None
        tail = ["with", exc] if exc is not None else []
        self.transcript("log:", " | ".join(shown), *tail)


async def hops(count):
    """Sleep through so many iterations."""
    for _ in range(count):
        await asyncio.sleep(0)
