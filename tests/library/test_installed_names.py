"""After install() nothing in asyncio or the standard library leads past the native names."""

import asyncio
import concurrent.futures
import contextlib
import importlib
import pkgutil
import subprocess
import sys
import types

import phaseloop
import pytest

# Those that use asyncio, or might have taken names out of it.
OTHERS = ("unittest.async_case", "concurrent.futures", "contextlib", "http.client", "inspect")


def modules():
    """asyncio's modules, and what else of the standard library uses it, by name."""
    names = [f"asyncio.{module.name}" for module in pkgutil.iter_modules(asyncio.__path__)]
    found = {"asyncio": asyncio}
    for name in (*names, *OTHERS):
        # Windows's do not import elsewhere; __main__ is the interactive console.
        if not name.endswith("__main__"):
            with contextlib.suppress(ImportError):
                found[name] = importlib.import_module(name)
    return found


def contents(found):
    return {(name, key): value for name, m in found.items() for key, value in vars(m).items()}


def parts(thing):
    """(how, what) for everything that a thing holds and that may be called or looked at."""
    if isinstance(thing, types.ModuleType):
        yield from ((key, value) for key, value in vars(thing).items() if key != "__builtins__")
    elif isinstance(thing, type):
        yield from ((f"{thing.__name__} is a", base) for base in thing.__bases__)
        yield from ((key, value) for key, value in vars(thing).items())
    elif callable(thing) and hasattr(thing, "__code__"):
        for name, cell in zip(thing.__code__.co_freevars, thing.__closure__ or (), strict=True):
            with contextlib.suppress(ValueError):  # an empty cell
                yield f"closure: {name}", cell.cell_contents
        yield from (("default", value) for value in thing.__defaults__ or ())
        yield from (("default", value) for value in (thing.__kwdefaults__ or {}).values())
        if hasattr(thing, "__wrapped__"):
            yield "__wrapped__", thing.__wrapped__
    elif isinstance(thing, staticmethod | classmethod | types.MethodType):
        yield "function", thing.__func__
    elif isinstance(thing, property):
        yield from (("property", function) for function in (thing.fget, thing.fset, thing.fdel))
    elif isinstance(thing, dict):
        yield from ((f"[{key!r}]", value) for key, value in thing.items())
    elif isinstance(thing, list | tuple | set | frozenset):
        yield from (("item", value) for value in thing)


def is_asyncios(thing):
    return str(getattr(thing, "__module__", "")).partition(".")[0] in ("asyncio", "phaseloop")


def references(found, wanted):
    """The paths, from a module on, by which these objects (by id) are reached."""
    waiting = [((name,), module) for name, module in found.items()]
    seen = set()
    while waiting:
        path, thing = waiting.pop()
        if id(thing) in wanted:
            yield path
            continue
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        for how, part in parts(thing):
            # Other modules are walked by themselves, or are no business of asyncio's.
            into = not isinstance(part, types.ModuleType) and (
                not isinstance(part, type) or is_asyncios(part) or id(part) in wanted
            )
            if into:
                waiting.append(((*path, how), part))


def is_meant(path):
    """A reference to asyncio's own that is there on purpose."""
    how = path[-1]
    if how == "closure: __class__" or " is a" in how:
        # Our classes derive from asyncio's, and what is asyncio's own code in them says super().
        return True
    # What a class declares: an instance of ours is one of asyncio's Future.
    return any("annotations" in step for step in path)


@pytest.fixture
def replaced():
    """Installed: asyncio's modules, and the values that were in them and have been replaced."""
    found = modules()
    before = contents(found)
    phaseloop.install()
    after = contents(found)
    yield (
        found,
        {
            id(old): old
            for at, old in before.items()
            if after.get(at) is not old and callable(old)  # no policy, no register of tasks
        },
    )
    phaseloop.uninstall()


def test_install_leaves_no_way_to_what_it_replaced(replaced):
    found, stock = replaced
    assert len(stock) > 20
    assert [path for path in references(found, stock) if not is_meant(path)] == []


def test_the_walk_finds_what_hides():
    """Closures, defaults and class attributes: were there anything, it would be found."""

    def closure():
        return hidden

    class Class:
        attribute = staticmethod(lambda value=[1]: value)

    Class.__module__ = "asyncio.made_up"
    module = types.ModuleType("made_up")
    hidden = object()
    module.function, module.kind = closure, Class
    default = Class.attribute.__defaults__[0]
    paths = references({"made_up": module}, {id(hidden): hidden, id(default): default})
    assert sorted(path[-1] for path in paths) == ["closure: hidden", "default"]


def test_uninstall_restores_everything():
    found = modules()
    before = contents(found)
    phaseloop.install()
    phaseloop.uninstall()
    after = contents(found)
    # all_tasks() keeps looking at native tasks until the last is gone.
    assert [at for at in before if after.get(at) is not before[at] and "tasks" not in at[1]] == []
    assert set(before) == set(after)


@pytest.mark.usefixtures("installed")
def test_a_gathering_is_an_asyncio_future_wherever_it_is_made(loop):
    def check(made):
        assert isinstance(made, asyncio.Future)
        assert isinstance(made, asyncio.tasks._GatheringFuture)
        return made

    async def main():
        done = loop.create_future()
        done.set_result(1)
        assert await check(asyncio.gather(done, asyncio.sleep(0, 2))) == [1, 2]
        made = []
        loop.call_soon(lambda: made.append(check(asyncio.gather(done))))
        loop.call_soon(lambda: made.append(check(asyncio.gather(asyncio.sleep(9)))))
        await asyncio.sleep(0)
        assert await made[0] == [1]
        assert made[1].cancel("enough")
        with pytest.raises(asyncio.CancelledError):
            await made[1]

    loop.run_until_complete(main())
    outside = loop.create_future()
    outside.set_result(3)
    assert loop.run_until_complete(check(asyncio.gather(outside))) == [3]


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("native", [True, False], ids=["native loop", "asyncio's loop"])
def test_what_waits_outside_of_tasks_is_an_asyncio_future(native):
    loop = phaseloop.new_event_loop() if native else asyncio.SelectorEventLoop()
    finished = concurrent.futures.Future()
    finished.set_result(4)
    made = []

    def make():
        done = loop.create_future()
        done.set_result(0)
        made.extend(
            [
                asyncio.gather(done),
                asyncio.gather(),
                asyncio.shield(done),
                asyncio.shield(loop.create_future()),
                asyncio.ensure_future(asyncio.sleep(0)),
                asyncio.wrap_future(finished),
                loop.run_in_executor(None, int),
                loop.create_task(asyncio.sleep(0)),
            ]
        )
        loop.call_later(0.05, loop.stop)

    loop.call_soon(make)
    loop.run_forever()
    assert [type(future) for future in made if not isinstance(future, asyncio.Future)] == []
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


@pytest.mark.skipif(
    not hasattr(asyncio, "eager_task_factory"), reason="asyncio has it since Python 3.12"
)
@pytest.mark.usefixtures("installed")
def test_the_constructor_in_the_eager_factory_is_asyncio_task(loop):
    make = asyncio.eager_task_factory.__closure__[0].cell_contents
    assert make is asyncio.Task
    custom = asyncio.create_eager_task_factory(asyncio.Task)
    assert custom.__closure__[0].cell_contents is make
    loop.set_task_factory(asyncio.eager_task_factory)

    async def main():
        assert isinstance(asyncio.current_task(), asyncio.Task)
        task = make(asyncio.sleep(0, 5), loop=loop, name="made", eager_start=True)
        assert type(loop.create_task(asyncio.sleep(0))) is type(task) is asyncio.Task
        return await task

    assert loop.run_until_complete(main()) == 5


def test_names_are_replaced_in_a_program_that_imported_them_by_module():
    """`from asyncio import tasks` before install(), looked up afterwards."""
    program = """
from asyncio import locks, queues, tasks, streams, base_events, timeouts
import phaseloop, asyncio
phaseloop.install()
assert locks.Lock is asyncio.Lock is phaseloop.Lock
assert queues.Queue is asyncio.Queue is phaseloop.Queue
assert tasks.sleep is streams.sleep is asyncio.sleep is phaseloop.sleep
assert base_events.futures.Future is asyncio.Future is phaseloop.Future
assert timeouts.timeout is asyncio.timeout is phaseloop.timeout
assert issubclass(tasks._GatheringFuture, asyncio.Future)
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
