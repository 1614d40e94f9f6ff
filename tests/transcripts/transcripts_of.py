"""Runs one program on stock asyncio and on phaseloop and gives what each did, line by line.

A program is a function of a Log and a loop. Whatever it logs, whatever the loop's exception handler
is told, and the exception that it ends with make up its transcript.
"""

import asyncio
import contextlib
import gc
import re
import warnings

import phaseloop

ADDRESS = re.compile(r"0x[0-9a-f]+")
LOOP_CLASS = re.compile(r"<(Loop|_UnixSelectorEventLoop)\b")
# A callable inside asyncio or its C module, as the repr of a future shows who waits for it.
INNER = re.compile(r"<_asyncio\.TaskStepMethWrapper[^>]*>|<phaseloop\._native\.\w+[^>]*>")
# Deadlines, and names that count the tasks of the whole process.
WHEN = re.compile(r"when=[0-9.]+")
COUNTED = re.compile(r"Task-[0-9]+")
NATIVE = re.compile(r"phaseloop\._native\.|_asyncio\.")


def clean(text):
    """A text without what differs from run to run or by the make of the loop."""
    text = LOOP_CLASS.sub("<LOOP", ADDRESS.sub("0x", text))
    text = COUNTED.sub("Task-N", WHEN.sub("when=T", text))
    return NATIVE.sub("", INNER.sub("<step>", text))


class Log(list):
    """A transcript under way."""

    def __call__(self, *items):
        self.append(clean(" ".join(map(str, items))))

    def error(self, exc):
        """Log an exception: its type and its text."""
        self(f"{type(exc).__name__}: {exc}")

    @contextlib.contextmanager
    def errors(self, *kinds):
        """Log an exception of these kinds (all, by default) that comes out of the block."""
        kinds = kinds or (BaseException,)
        try:
            yield
        except kinds as exc:
            self.error(exc)

    def handler(self, loop, context):
        """An exception handler that logs what it is told."""
        told = {k: v for k, v in context.items() if k != "source_traceback"}
        self("handler", sorted(told), told["message"], repr(told.get("exception")))


def transcript(program, factory):
    """What the program logs on a new loop."""
    log = Log()
    loop = factory()
    loop.set_exception_handler(log.handler)
    asyncio.set_event_loop(loop)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            with log.errors():
                program(log, loop)
        finally:
            if not loop.is_closed():
                loop.close()
            asyncio.set_event_loop(None)
        gc.collect()
    for warning in warned:
        if issubclass(warning.category, (RuntimeWarning, ResourceWarning)):
            log("warning", warning.category.__name__, warning.message)
    return list(log)


def stock(program):
    """The transcript on asyncio's own loop."""
    return transcript(program, asyncio.SelectorEventLoop)


def native(program):
    """The transcript on phaseloop's loop, asyncio's names untouched."""
    return transcript(program, phaseloop.new_event_loop)


def installed(program):
    """The transcript with phaseloop installed under asyncio's names."""
    phaseloop.install()
    try:
        return transcript(program, phaseloop.new_event_loop)
    finally:
        phaseloop.uninstall()


def programs_of(module):
    """Every program of a module: its public functions, in the order they stand there."""
    return [
        value
        for name, value in vars(module).items()
        if callable(value) and not name.startswith("_") and value.__module__ == module.__name__
    ]
