"""One process of run_conformance.py: lists or runs the tests of one module, with the hooks applied.

What it is to do comes as JSON in $RUN_CONFORMANCE_CFG; what happens goes as JSON lines to a file.
"""

import faulthandler
import importlib
import inspect
import json
import os
import re
import signal
import sys
import time
import traceback
import unittest
import warnings

# A test whose source matches this drives the stdlib loop's private parts: private loop attributes,
# mocks of asyncio.* module internals, or methods replaced on the loop instance (so that
# BaseEventLoop calls the mock).
PRIVATE = re.compile(
    r"""loop\._(?!default_executor)[a-z]|lp\._[a-z]|@patch_socket|m_socket|m_log
    |patch\(\s*['"]asyncio\.(base_events|unix_events|selector_events|sslproto|events|log|trsock)
    |patch\.object\(\s*(asyncio\.|self\.loop|loop|base_events|unix_events|selector_events|log\.)
    |self\.loop\.\w+\s*=[^=]|_make_(socket|ssl|datagram|read|write|subprocess)""",
    re.VERBOSE,
)


def resolve(spec):
    module, _, attribute = spec.partition(":")
    found = importlib.import_module(module)
    for part in attribute.split("."):
        found = getattr(found, part)
    return found


# --- the hooks of run_conformance.py's docstring --------------------------------------------------


def apply_hooks(cfg, counter):
    if cfg.get("install"):
        resolve(cfg["install"])()
    if cfg.get("task"):
        hook_names("Task", "tasks", resolve(cfg["task"]))
    if cfg.get("future"):
        hook_names("Future", "futures", resolve(cfg["future"]))
    if cfg.get("factory"):
        hook_loops(resolve(cfg["factory"]), counter)


def hook_names(name, module_name, replacement):
    """H3: the names that test classes read while they are imported."""
    import asyncio

    module = getattr(asyncio, module_name)
    setattr(asyncio, name, replacement)
    setattr(module, name, replacement)
    if hasattr(module, f"_C{name}"):
        setattr(module, f"_C{name}", replacement)


def hook_loops(inner, counter):
    """H1 and H2: whatever makes a loop makes the replacement's, and counts it."""
    import asyncio
    from asyncio import unix_events

    real = asyncio.SelectorEventLoop
    made = set()

    def factory():
        counter[0] += 1
        loop = inner()
        made.add(type(loop))
        return loop

    class Meta(type(real)):
        def __instancecheck__(cls, obj):
            return isinstance(obj, real) or type(obj) in made

    class HookedSelectorEventLoop(real, metaclass=Meta):
        def __new__(cls, *args, **kwargs):
            if cls is not HookedSelectorEventLoop:
                counter[1] += 1
                return object.__new__(cls)
            if inner is real:  # keep the selector argument
                counter[0] += 1
                return real(*args, **kwargs)
            return factory()

    HookedSelectorEventLoop.__name__ = real.__name__
    HookedSelectorEventLoop.__qualname__ = real.__qualname__
    asyncio.SelectorEventLoop = HookedSelectorEventLoop
    if hasattr(asyncio, "EventLoop"):
        asyncio.EventLoop = HookedSelectorEventLoop
    for name in (
        "_UnixDefaultEventLoopPolicy",
        "_DefaultEventLoopPolicy",
        "DefaultEventLoopPolicy",
    ):
        policy = vars(unix_events).get(name)
        if isinstance(policy, type) and hasattr(policy, "_loop_factory"):
            policy._loop_factory = staticmethod(factory)


def adapt_harness():
    """H5: close_loop() without the private loop._default_executor."""
    try:
        from test.test_asyncio import utils as test_utils
    except ImportError:
        return
    original = test_utils.TestCase.close_loop

    def close_loop(loop):
        if hasattr(loop, "_default_executor"):
            return original(loop)
        if not loop.is_closed():
            if not loop.is_running():
                loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

    test_utils.TestCase.close_loop = staticmethod(close_loop)


# --- listing --------------------------------------------------------------------------------------


def list_classes(module, emit):
    loader = unittest.TestLoader()
    for name in dir(module):
        cls = getattr(module, name)
        if not (isinstance(cls, type) and issubclass(cls, unittest.TestCase)):
            continue
        if cls.__module__ != module.__name__:
            continue
        if tests := loader.getTestCaseNames(cls):
            private = [test for test in tests if is_private(cls, test)]
            hooks = hooks_of(cls, module.__name__)
            emit(ev="class", name=name, tests=tests, hooks=hooks, private=private)


def hooks_of(cls, module_name):
    """The ways in which the class can be handed a replacement."""
    hooks = [
        name for name in ("create_event_loop", "new_loop") if callable(getattr(cls, name, None))
    ]
    own = {key for c in cls.__mro__[:-1] if c.__module__ == module_name for key in vars(c)}
    if "loop_factory" in own:
        hooks.append("loop_factory")
    if issubclass(cls, unittest.IsolatedAsyncioTestCase):
        hooks.append("Isolated")
    for attribute in ("Task", "Future", "cls"):
        value = getattr(cls, attribute, None)
        if isinstance(value, type):
            hooks.append(f"{attribute}={value.__module__}.{value.__name__}")
    return hooks


def is_private(cls, test):
    try:
        return PRIVATE.search(inspect.getsource(getattr(cls, test))) is not None
    except (OSError, TypeError):
        return False


# --- running --------------------------------------------------------------------------------------


class Result(unittest.TestResult):
    """Reports every test as it starts and ends, so that a hang or a crash costs one test."""

    RANKS = ("pass", "xfail", "skip", "fail", "error")

    def __init__(self, emit, timeout, counter):
        super().__init__()
        self._emit, self._timeout, self._counter = emit, timeout, counter
        self._inside = False

    def startTest(self, test):
        super().startTest(test)
        self._inside = True
        self._started = time.monotonic()
        self._worst = None
        self._loops = self._counter[0]
        self._emit(ev="start", id=test._testMethodName)
        if self._timeout:
            faulthandler.dump_traceback_later(self._timeout, exit=True)

    def stopTest(self, test):
        if self._inside:
            self._inside = False
            if self._timeout:
                faulthandler.cancel_dump_traceback_later()
            status, detail = self._worst or ("pass", "")
            self._end(
                test,
                status,
                detail,
                t=round(time.monotonic() - self._started, 3),
                loops=self._counter[0] - self._loops,
            )
        super().stopTest(test)

    def _end(self, test, status, detail, t=0, loops=0):
        name = test._testMethodName
        self._emit(ev="end", id=name, st=status, detail=detail[-6000:], t=t, loops=loops)

    def _set(self, status, detail=""):
        rank = self.RANKS.index
        if self._worst is None or rank(status) >= rank(self._worst[0]):
            self._worst = (status, detail)

    def addSuccess(self, test):
        self._set("pass")

    def addError(self, test, err):
        detail = self._exc_info_to_string(err, test)
        if self._inside and isinstance(test, unittest.TestCase):
            self._set("error", detail)
        else:
            self._emit(ev="fixture", detail=detail)

    def addFailure(self, test, err):
        self._set("fail", self._exc_info_to_string(err, test))

    def addSkip(self, test, reason):
        if not isinstance(test, unittest.TestCase):
            self._emit(ev="fixture_skip", detail=reason)
        elif not self._inside:  # 3.12.1: class-level skip, no startTest()
            self._end(test, "skip", reason)
        else:
            self._set("skip", reason)

    def addExpectedFailure(self, test, err):
        self._set("xfail")

    def addUnexpectedSuccess(self, test):
        self._set("fail", "unexpected success")

    def addSubTest(self, test, subtest, err):
        if err is not None:
            failed = issubclass(err[0], test.failureException)
            self._set("fail" if failed else "error", self._exc_info_to_string(err, test))


def main():
    cfg = json.loads(os.environ.pop("RUN_CONFORMANCE_CFG"))
    out = open(cfg["out"], "a", buffering=1)

    def emit(**event):
        out.write(json.dumps(event) + "\n")

    faulthandler.enable()
    # A shell starts background jobs with SIGINT ignored; the tests of Ctrl-C need it as it is.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.path[:0] = cfg["path"]
    counter = [0, 0]  # loops of the replacement, loops of the stdlib's own
    apply_hooks(cfg, counter)
    if not cfg["warnings"]:
        warnings.simplefilter("ignore", ResourceWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
    try:
        module = importlib.import_module("test.test_asyncio." + cfg["module"])
    except BaseException as error:
        emit(ev="import_error", detail=traceback.format_exception_only(error)[-1].strip())
        return
    if not cfg["strict"]:
        adapt_harness()
    if cfg["do"] == "list":
        list_classes(module, emit)
        return
    cls = getattr(module, cfg["cls"])
    unittest.TestSuite(map(cls, cfg["tests"])).run(Result(emit, cfg["timeout"], counter))
    emit(ev="done", loops=counter[0], real_loops=counter[1])
    out.close()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # a broken loop may hang the interpreter's own shutdown


if __name__ == "__main__":
    main()
