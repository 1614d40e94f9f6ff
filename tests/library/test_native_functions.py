"""Native functions and classes answer as asyncio's own when they are asked what they are."""

import asyncio
import copy
import inspect
import pickle
import pydoc
import sys

import phaseloop
import pytest

FUNCTIONS = [
    "as_completed",
    "create_task",
    "ensure_future",
    "gather",
    "sleep",
    "timeout",
    "timeout_at",
    "wait",
    "wait_for",
]
CLASSES = [
    "Barrier",
    "BoundedSemaphore",
    "Condition",
    "Event",
    "LifoQueue",
    "Lock",
    "PriorityQueue",
    "Queue",
    "Semaphore",
    "StreamReader",
    "StreamReaderProtocol",
    "StreamWriter",
    "TaskGroup",
    "Timeout",
]


def pairs():
    """(native, asyncio's) of every function and of every public method that is native."""
    for name in FUNCTIONS:
        yield pytest.param(getattr(phaseloop, name), getattr(asyncio, name), id=name)
    for name in CLASSES:
        native, stock = getattr(phaseloop, name), getattr(asyncio, name)
        for method, value in vars(native).items():
            if type(value).__module__.startswith("phaseloop"):
                yield pytest.param(value, getattr(stock, method), id=f"{name}.{method}")


@pytest.mark.parametrize(("native", "stock"), list(pairs()))
def test_a_function_answers_as_the_one_it_stands_for(native, stock):
    assert native is not stock
    for attribute in ("__name__", "__qualname__", "__module__", "__doc__", "__defaults__"):
        assert getattr(native, attribute) == getattr(stock, attribute)
    assert inspect.signature(native) == inspect.signature(stock)
    assert inspect.iscoroutinefunction(native) == inspect.iscoroutinefunction(stock)
    assert inspect.isfunction(native) and inspect.isroutine(native) and callable(native)
    assert inspect.getsource(native) == inspect.getsource(stock)
    assert repr(native).partition(" at ")[0] == repr(stock).partition(" at ")[0]
    if native.__name__ == "__init__" or (stock.__doc__ is None and inspect.getdoc(stock)):
        return  # its help is looked up in the class that has its name, which is asyncio's here
    assert pydoc.plain(pydoc.render_doc(native)) == pydoc.plain(pydoc.render_doc(stock))


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_answers_as_the_one_it_stands_for(name):
    native, stock = getattr(phaseloop, name), getattr(asyncio, name)
    assert issubclass(native, stock)
    for attribute in ("__name__", "__module__", "__doc__"):
        assert getattr(native, attribute) == getattr(stock, attribute)
    assert inspect.signature(native) == inspect.signature(stock)
    public = {n for n in dir(stock) if not n.startswith("_")}
    assert {n for n in dir(native) if not n.startswith("_")} == public


@pytest.mark.parametrize("name", FUNCTIONS)
def test_installed_functions_are_pickled_and_copied_by_name(name, installed):
    function = getattr(asyncio, name)
    assert pickle.loads(pickle.dumps(function)) is function
    assert copy.copy(function) is function and copy.deepcopy(function) is function


@pytest.mark.parametrize(
    ("name", "arguments", "keywords"),
    [
        ("sleep", (), {}),
        ("sleep", (1, 2, 3), {}),
        ("wait", (), {}),
        ("wait_for", (1,), {}),
        ("wait_for", (1, 2, 3), {}),
        ("create_task", (), {}),
        ("create_task", (), {"nosuch": 1}),
        ("timeout", (), {}),
        ("timeout_at", (1, 2), {}),
    ],
)
def test_wrong_arguments_get_asyncio_s_own_error(name, arguments, keywords):
    def error(function):
        with pytest.raises(TypeError) as caught:
            function(*arguments, **keywords)
        return str(caught.value)

    assert error(getattr(phaseloop, name)) == error(getattr(asyncio, name))


@pytest.mark.parametrize("name", ["Lock", "Event", "Semaphore", "Condition", "Queue", "Barrier"])
def test_wrong_arguments_of_classes_get_asyncio_s_own_error(name):
    def error(kind):
        with pytest.raises(TypeError) as caught:
            kind(1, 2, 3, nosuch=4)
        return str(caught.value)

    assert error(getattr(phaseloop, name)) == error(getattr(asyncio, name))


def test_values_that_make_no_sense_get_asyncio_s_own_error():
    for kind, value in (("Semaphore", -1), ("BoundedSemaphore", -1), ("Barrier", 0)):
        texts = []
        for module in (phaseloop, asyncio):
            with pytest.raises(ValueError) as caught:
                getattr(module, kind)(value)
            texts.append(str(caught.value))
        assert texts[0] == texts[1]


def test_uninstall_restores_every_name():
    before = {n: getattr(asyncio, n) for n in dir(asyncio)}
    phaseloop.install()
    try:
        assert asyncio.Lock is phaseloop.Lock and asyncio.locks.Lock is phaseloop.Lock
        assert asyncio.wait_for is phaseloop.wait_for
    finally:
        phaseloop.uninstall()
    after = {n: getattr(asyncio, n) for n in dir(asyncio)}
    assert after == before


def test_what_a_version_lacks_is_not_added(installed):
    lacks = sys.version_info < (3, 12)
    assert hasattr(asyncio, "eager_task_factory") is not lacks


def test_eager_tasks_on_every_version(loop):
    """phaseloop.eager_task_factory is there even where asyncio has none."""
    steps = []

    async def work(wait):
        steps.append(asyncio.current_task().get_name())
        if wait:
            await asyncio.sleep(0)
        return wait

    async def main():
        loop.set_task_factory(phaseloop.eager_task_factory)
        task = loop.create_task(work(False), name="eager")
        assert task.done() and steps == ["eager"]
        assert asyncio.current_task().get_name() == "main"
        later = loop.create_task(work(True), name="later")
        assert not later.done() and steps == ["eager", "later"]
        return task.result(), await later

    task = loop.create_task(main(), name="main")
    assert loop.run_until_complete(task) == (False, True)
