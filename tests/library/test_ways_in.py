"""Library mode: each way in, what installing changes, and what it leaves as it was."""

import asyncio
import subprocess
import sys
import textwrap
import warnings

import phaseloop
import pytest


def python(code):
    """Run code in a fresh interpreter; what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def kind_of_loop():
    return type(asyncio.get_running_loop()), type(asyncio.current_task())


def test_importing_changes_nothing():
    python("""
        import asyncio, sys
        modules = {m: dict(vars(sys.modules[m])) for m in list(sys.modules) if "asyncio" in m}
        import phaseloop
        assert modules == {m: dict(vars(sys.modules[m])) for m in modules}
        assert type(asyncio.new_event_loop()) is not phaseloop.Loop
    """)


def test_run():
    assert phaseloop.run(kind_of_loop()) == (phaseloop.Loop, phaseloop.Task)

    async def nested():
        coroutine = kind_of_loop()
        with pytest.raises(RuntimeError, match="cannot be called from a running event loop"):
            phaseloop.run(coroutine)
        coroutine.close()
        return asyncio.get_running_loop().get_debug()

    assert phaseloop.run(nested(), debug=True) is True


def test_run_takes_what_asyncio_run_takes():
    made = []

    def factory():
        made.append(phaseloop.new_event_loop())
        return made[-1]

    async def debugging():
        loop = asyncio.get_running_loop()
        return loop, loop.get_debug()

    assert phaseloop.run(debugging(), loop_factory=factory) == (made[0], False)
    assert phaseloop.run(debugging(), loop_factory=factory, debug=True) == (made[1], True)
    assert made[0].is_closed() and made[1].is_closed()
    assert type(phaseloop.run(debugging(), loop_factory=asyncio.SelectorEventLoop)[0]) is (
        asyncio.SelectorEventLoop
    )
    assert phaseloop.run(kind_of_loop(), loop_factory=None) == (phaseloop.Loop, phaseloop.Task)


@pytest.mark.parametrize(
    "call",
    [
        lambda run: run(None),
        lambda run: run(kind_of_loop),
        lambda run: run(main=7, debug=False),
        lambda run: run(),
    ],
)
def test_run_fails_as_asyncio_run(call):
    said = []
    for run in (asyncio.run, phaseloop.run):
        with pytest.raises(Exception) as caught:
            call(run)
        said.append((caught.type, str(caught.value)))
    assert said[0] == said[1]


def test_run_refuses_other_arguments():
    coroutine = kind_of_loop()
    with pytest.raises(TypeError, match="got an unexpected keyword argument 'limit'"):
        phaseloop.run(coroutine, limit=3)
    coroutine.close()


def test_loop_factory():
    with asyncio.Runner(loop_factory=phaseloop.new_event_loop) as runner:
        assert runner.run(kind_of_loop()) == (phaseloop.Loop, phaseloop.Task)
    if sys.version_info >= (3, 12):
        ran = asyncio.run(kind_of_loop(), loop_factory=phaseloop.new_event_loop)
        assert ran == (phaseloop.Loop, phaseloop.Task)


def test_policy():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        asyncio.set_event_loop_policy(phaseloop.EventLoopPolicy())
        try:
            assert asyncio.run(kind_of_loop()) == (phaseloop.Loop, phaseloop.Task)
        finally:
            asyncio.set_event_loop_policy(None)


def test_uninstalling_restores_every_name():
    python("""
        import asyncio, phaseloop, sys

        async def kind():
            return type(asyncio.get_running_loop()), type(asyncio.current_task())

        def names():
            modules = [m for name, m in sys.modules.items() if name.split(".")[0] == "asyncio"]
            return {(m.__name__, n): v for m in modules for n, v in vars(m).items()}

        before = names()
        phaseloop.install()
        phaseloop.install()
        assert asyncio.Task is phaseloop.Task and asyncio.sleep is phaseloop.sleep
        assert asyncio.run(kind()) == (phaseloop.Loop, phaseloop.Task)
        phaseloop.uninstall()
        phaseloop.uninstall()
        after = names()
        assert before.keys() == after.keys()
        assert not [k for k in before if before[k] is not after[k]], "not restored"
        assert asyncio.run(kind())[0] is not phaseloop.Loop
    """)


def test_types_are_asyncios(loop, installed):
    future, task = loop.create_future(), loop.create_task(phaseloop.sleep(0))
    assert isinstance(task, asyncio.Task) and isinstance(task, asyncio.Future)
    assert issubclass(asyncio.Task, asyncio.Future)
    assert isinstance(future, asyncio.Future) and not isinstance(future, asyncio.Task)
    assert asyncio.isfuture(task) and asyncio.isfuture(future)
    assert isinstance(loop, asyncio.AbstractEventLoop)
    loop.run_until_complete(task)


def test_names_imported_before(tmp_path):
    program = """
        from asyncio import Future, Task, all_tasks, current_task, sleep
        import asyncio, phaseloop

        async def child():
            await sleep(0)

        async def main():
            task = asyncio.create_task(child(), name="child")
            assert isinstance(task, Task) and isinstance(task, Future)
            assert type(task) is phaseloop.Task
            names = sorted(t.get_name() for t in all_tasks())
            assert names == ["child", "main"], names
            assert current_task() is asyncio.current_task()
            await task
            return current_task().get_name()

        async def named():
            current_task().set_name("main")
            return await main()

        print(phaseloop.run(named()))
        phaseloop.install()
        print(asyncio.run(named()))
    """
    assert python(program).split() == ["main", "main"]


@pytest.mark.parametrize("base", [phaseloop.Future, phaseloop.Task], ids=["Future", "Task"])
def test_subclasses(base, loop):
    class Plain(base):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, loop=loop, **kwargs)
            self.extra = "extra"

    class Slotted(base):
        __slots__ = ("extra",)

    arguments = (phaseloop.sleep(0, "result"),) if base is phaseloop.Task else ()
    plain = Plain(*arguments)
    assert plain.extra == "extra" and isinstance(plain, base)
    arguments = (phaseloop.sleep(0, "result"),) if base is phaseloop.Task else ()
    slotted = Slotted(*arguments, loop=loop)
    slotted.extra = 1
    for made in (plain, slotted):
        if base is phaseloop.Future:
            loop.call_soon(made.set_result, "result")
        assert loop.run_until_complete(made) == "result"


def test_no_layout_conflicts_go_unnoticed():
    with pytest.raises(TypeError):
        type("Both", (phaseloop.Future, asyncio.Task), {})
    with pytest.raises(TypeError):
        type("Odd", (phaseloop.Future, dict), {})


def test_native_tasks_on_a_stock_loop():
    loop = asyncio.SelectorEventLoop()

    async def child(i):
        await phaseloop.sleep(0.001)
        return i

    async def main():
        assert type(asyncio.current_task()) is phaseloop.Task
        tasks = [phaseloop.Task(child(i), loop=loop) for i in range(3)]
        done, pending = await phaseloop.wait(tasks)
        assert (len(done), len(pending)) == (3, 0)
        native = phaseloop.Future(loop=loop)
        loop.call_soon(native.set_result, "native")
        assert await native == "native"
        stock = loop.create_future()
        loop.call_soon(stock.set_result, "stock")
        assert await stock == "stock"
        assert await phaseloop.gather(child(1), tasks[0]) == [1, 0]
        return [await c for c in phaseloop.as_completed([child(5)])]

    assert loop.run_until_complete(phaseloop.Task(main(), loop=loop)) == [5]
    loop.close()


def test_stock_tasks_on_a_native_loop(loop):
    stock_task = asyncio.tasks.Task

    async def main():
        assert type(asyncio.current_task()) is stock_task
        native = loop.create_task(phaseloop.sleep(0.001, "native"))
        assert await native == "native"
        assert await phaseloop.sleep(0.001, "slept") == "slept"
        assert await phaseloop.gather(phaseloop.sleep(0, 1), native) == [1, "native"]
        future = loop.create_future()
        loop.call_soon(future.set_exception, KeyError("k"))
        with pytest.raises(KeyError):
            await future
        done, _ = await phaseloop.wait([native])
        return done == {native}

    assert loop.run_until_complete(stock_task(main(), loop=loop)) is True


def test_every_method_of_an_event_loop_is_there():
    interface = vars(asyncio.AbstractEventLoop)
    missing = [
        name
        for name, method in interface.items()
        if callable(method) and getattr(phaseloop.Loop, name) is method
    ]
    assert missing == []


@pytest.mark.parametrize("first", ["phaseloop", "phaseloop._native", "asyncio"])
def test_whichever_module_is_imported_first(first):
    """If it is _asyncio, asyncio itself loses its current task in releases until 3.13."""
    program = f"""
import {first}
import asyncio, phaseloop
async def main():
    task = asyncio.current_task()
    return type(task) is phaseloop.Task and asyncio.all_tasks() == {{task}}
print(phaseloop.run(main()))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("True\n", "")
