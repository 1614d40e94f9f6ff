"""Programs that change what C++ code works with: `hostile_programs.py NAME stock|phaseloop`.

Each prints what it saw, which is the same with asyncio's own loop, tasks and primitives.
"""

import asyncio
import codecs
import contextvars
import gc
import logging
import socket
import sys
import weakref


def new_loop():
    return asyncio.new_event_loop()


def run_callbacks(loop, errors):
    loop.set_exception_handler(lambda _, context: errors.append(type(context["exception"])))
    loop.call_soon(loop.stop)
    loop.run_forever()


# --- handles --------------------------------------------------------------------------------------


def slots_of_a_handle_replaced():
    values = ([7, 8], (7, 8), None, "ab", iter([9]), type("T", (tuple,), {})((1, 2)))
    for value in values:
        loop, got, errors = new_loop(), [], []
        handle = loop.call_soon(lambda *args, got=got: got.append(args), 1)
        handle._args = value
        run_callbacks(loop, errors)
        print("args", got, errors)
        loop.close()
    for name in ("_callback", "_context", "_cancelled", "_repr"):
        for value in (None, 5, 0, 1):
            loop, got, errors = new_loop(), [], []
            setattr(loop.call_soon(lambda got=got: got.append("called")), name, value)
            run_callbacks(loop, errors)
            print(name, value, got, errors)
            loop.close()


def slots_of_a_handle_deleted():  # asyncio's loop ends with an error
    for name in ("_args", "_callback", "_context", "_loop", "_cancelled", "_repr"):
        for method in ("call_soon", "cancel", "repr"):
            loop, errors = new_loop(), []
            handle = loop.call_soon(int)
            delattr(handle, name)
            try:
                handle.cancel() if method == "cancel" else repr(handle)
            except AttributeError:
                errors.append(method)
            run_callbacks(loop, errors)
            loop.close()
    print("alive")


def a_handle_without_its_loop():
    for timer in (False, True):
        loop, got, errors = new_loop(), [], []
        handle = loop.call_later(0, got.append, 1) if timer else loop.call_soon(got.append, 1)
        handle._loop = None
        loop.call_later(0.01, loop.stop)
        loop.set_exception_handler(lambda _, context, errors=errors: errors.append(1))
        loop.run_forever()
        print(got, errors)
        loop.close()
        del loop
        gc.collect()
        del handle


def slots_changed_by_their_own_callback():
    loop, got = new_loop(), []

    def change(*args):
        handle._args = handle._callback = handle._context = None
        del handle._args
        gc.collect()
        got.append(args)

    handle = loop.call_soon(change, [1], {2: 3})
    run_callbacks(loop, [])
    print(got)


def a_context_that_is_none():
    class Context:
        def run(self, callback, *args):
            print("runs", args)
            return callback(*args)

    loop = new_loop()
    handle = loop.call_soon(print, "called")
    handle._context = Context()
    run_callbacks(loop, [])
    print(type(contextvars.copy_context()).__name__)


# --- primitives -----------------------------------------------------------------------------------


async def outcome_of(task):
    try:
        return await asyncio.wait_for(task, 0.2)
    except BaseException as error:
        return type(error).__name__, str(error)


async def lock_initialised_again_while_somebody_waits():
    lock = asyncio.Lock()
    await lock.acquire()
    task = asyncio.ensure_future(lock.acquire())
    await asyncio.sleep(0)
    lock.__init__()
    task.cancel()
    print(await outcome_of(task))
    await lock.acquire()
    lock.release()


async def waiters_replaced_while_somebody_waits():
    for value in ([], {}, 5, (1, 2), None):
        for kind in (asyncio.Lock, asyncio.Event, asyncio.Condition, asyncio.Semaphore):
            primitive = kind()
            wait = getattr(primitive, "wait", None) or primitive.acquire
            if kind is not asyncio.Event:
                await primitive.acquire()
            task = asyncio.ensure_future(wait())
            await asyncio.sleep(0)
            primitive._waiters = value
            task.cancel()
            name, text = await outcome_of(task)
            print(kind.__name__, value, name, len(text) > 0)


async def queues_with_something_else_inside():
    for value in ([], (), 5, None, {}, "abc"):
        for kind in (asyncio.Queue, asyncio.LifoQueue, asyncio.PriorityQueue):
            queue = kind(2)
            task = asyncio.ensure_future(queue.get())
            await asyncio.sleep(0)
            queue._queue = value
            try:
                queue.put_nowait(1)
            except BaseException as error:
                print(kind.__name__, value, "put", type(error).__name__)
            task.cancel()
            print(kind.__name__, value, (await outcome_of(task))[0])


async def a_heap_that_is_replaced_while_it_is_sorted():
    class Item:
        def __lt__(self, other):
            queue._queue = []
            gc.collect()
            return True

    queue = asyncio.PriorityQueue()
    for _ in range(8):
        try:
            queue.put_nowait(Item())
            queue.get_nowait()
        except asyncio.QueueEmpty:
            print("empty")
    print(len(queue._queue))


async def primitives_without_init():  # some have their defaults here before __init__()
    for kind in (
        asyncio.Lock,
        asyncio.Event,
        asyncio.Condition,
        asyncio.Semaphore,
        asyncio.Barrier,
        asyncio.Queue,
        asyncio.TaskGroup,
    ):
        made = kind.__new__(kind)
        for name in (
            "acquire",
            "release",
            "wait",
            "set",
            "notify_all",
            "get",
            "put_nowait",
            "join",
        ):
            method = getattr(made, name, None)
            if method is None:
                continue
            try:
                answer = method(*([1] if name == "put_nowait" else []))
                if asyncio.iscoroutine(answer):
                    await asyncio.wait_for(answer, 0.01)
            except (Exception, asyncio.CancelledError):
                continue
    print("alive")


async def a_timeout_entered_twice():
    timeout = asyncio.timeout(0.05)
    await timeout.__aenter__()
    timeout.__init__(asyncio.get_running_loop().time() + 0.05)
    await timeout.__aenter__()
    await timeout.__aexit__(None, None, None)
    del timeout
    gc.collect()
    await asyncio.sleep(0.1)
    print("left")


# --- futures and tasks ----------------------------------------------------------------------------


async def containers_emptied_through_the_collector():
    async def child(i):
        await asyncio.sleep(0.001 * i)
        return [i] * 10

    def empty(*roots):
        todo, seen = list(roots), set()
        for one in todo:
            for found in gc.get_referents(one):
                if type(found) in (list, set, dict) and len(found) < 50:
                    if type(found) is not dict:
                        found.clear()
                elif id(found) not in seen and len(todo) < 30:
                    name = type(found).__module__
                    if name.startswith(("phaseloop", "asyncio", "_asyncio")):
                        if not isinstance(found, (asyncio.AbstractEventLoop, type)):
                            seen.add(id(found))
                            todo.append(found)

    for _ in range(20):
        iterator = iter(asyncio.as_completed([child(i) for i in range(1, 5)]))
        first = next(iterator)
        empty(iterator, first)
        futures = [asyncio.ensure_future(child(i)) for i in range(1, 5)]
        waiting = asyncio.ensure_future(asyncio.wait(futures, timeout=0.02))
        gathered = asyncio.gather(*[child(i) for i in range(1, 4)], return_exceptions=True)
        await asyncio.sleep(0)
        empty(waiting, waiting.get_coro(), gathered)
        futures = None
        await asyncio.wait_for(asyncio.wait([waiting, gathered]), 1)
        await outcome_of(asyncio.ensure_future(first) if asyncio.iscoroutine(first) else first)
        gc.collect()
    print("alive")


async def a_future_initialised_again():
    if sys.version_info >= (3, 15):
        print("a future refuses that")
        return
    loop = asyncio.get_running_loop()

    async def wait_for(future):
        return await future

    for finished in (False, True):
        for how in (wait_for, asyncio.gather, asyncio.shield, lambda f: asyncio.wait([f])):
            future = loop.create_future()
            waiting = asyncio.ensure_future(how(future))
            await asyncio.sleep(0)
            if finished:
                future.set_result(1)
            future.__init__(loop=loop)
            waiting.cancel()
            await asyncio.sleep(0)
            waiting = None
            gc.collect()
            await asyncio.sleep(0)
    print("alive")


async def a_task_initialised_again():
    if sys.version_info >= (3, 15):
        print("a task refuses that")
        return

    async def nothing():
        await asyncio.sleep(0)

    async def again():
        asyncio.current_task().__init__(nothing())
        await asyncio.sleep(0.01)

    for coroutine in (again(), asyncio.sleep(0.01), nothing()):
        task = asyncio.ensure_future(coroutine)
        await asyncio.sleep(0)
        other = nothing()
        task.__init__(other)
        await asyncio.sleep(0.03)
        gc.collect()
    print("alive")


async def unbound_methods_with_something_else():
    task = asyncio.current_task()
    future = asyncio.get_running_loop().create_future()
    handle = asyncio.get_running_loop().call_soon(int)
    for one in (task, future, handle, asyncio.Lock(), asyncio.Queue(), asyncio.StreamReader()):
        for name in dir(type(one)):
            attribute = getattr(type(one), name)
            if not callable(attribute) or name in ("__class__", "__new__", "__init_subclass__"):
                continue
            try:
                answer = attribute(object())
                if asyncio.iscoroutine(answer):
                    answer.close()
            except Exception:
                continue
    print("alive")


async def a_running_task_that_is_closed_and_collected():
    async def inner():
        await asyncio.sleep(0)
        task.set_name(repr(task.get_coro()))
        gc.collect()

    task = asyncio.ensure_future(inner())
    reference = weakref.ref(task)
    await task
    print(reference() is task)


# --- streams and transports -----------------------------------------------------------------------


async def connected(protocol):
    here, there = socket.socketpair()
    here.setblocking(False)
    there.setblocking(False)
    transport, _ = await asyncio.get_running_loop().create_connection(lambda: protocol, sock=here)
    return transport, there


async def protocol_assigned():
    class Other(asyncio.Protocol):
        def data_received(self, data):
            print("other got", data)
            got.set_result(None)

        def connection_lost(self, exc):
            print("lost", exc)

    loop = asyncio.get_running_loop()
    for make in (asyncio.Protocol, lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader())):
        got = loop.create_future()
        transport, there = await connected(make())
        transport._protocol = Other()
        there.send(b"data")
        await asyncio.wait_for(got, 5)
        transport.close()
        await asyncio.sleep(0.01)
        there.close()


async def protocol_deleted():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: print(type(context["exception"]).__name__))
    for protocol in (asyncio.Protocol(), asyncio.StreamReaderProtocol(asyncio.StreamReader())):
        transport, there = await connected(protocol)
        del transport._protocol
        try:
            transport.get_protocol()
        except AttributeError as error:
            print("get_protocol", type(error).__name__)
        there.send(b"data")
        await asyncio.sleep(0.05)
        transport.abort()
        await asyncio.sleep(0.01)
        there.close()
    print("alive")


async def attributes_of_a_transport_assigned():  # asyncio's loop ends with an error
    names = "_loop _server _empty_waiter _closing _paused _eof _conn_lost _protocol_paused _extra"
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda *_: None)
    for name in names.split():
        for value in (None, 5, True, False, 2**63 - 1, -(2**63), object()):
            transport, there = await connected(asyncio.Protocol())
            for stage in ("open", "lost"):
                try:
                    setattr(transport, name, value)
                except (TypeError, AttributeError, ValueError, OverflowError):
                    pass
                for method in ("write", "pause_reading", "resume_reading", "get_extra_info"):
                    argument = {"write": [b"x"], "get_extra_info": ["peername"]}.get(method, [])
                    try:
                        getattr(transport, method)(*argument)
                    except Exception:
                        continue
                await asyncio.sleep(0)
                if stage == "open":
                    transport.abort()
                    await asyncio.sleep(0)
            there.close()
            del transport
        gc.collect()
    print("alive")


async def a_loop_that_only_its_transport_knows():
    def make():
        loop = new_loop()
        here, there = socket.socketpair()
        here.setblocking(False)
        made = loop.create_connection(asyncio.Protocol, sock=here)
        return loop.run_until_complete(made)[0], there

    transport, there = await asyncio.to_thread(make)
    transport._loop = None
    gc.collect()
    transport._closing = False
    repr(transport)
    del transport
    gc.collect()
    there.close()
    print("alive")


async def extra_information_replaced():
    transport, there = await connected(asyncio.Protocol())
    transport._extra["peername"] = "changed"
    print(transport.get_extra_info("peername"))
    transport._extra = {"sockname": "also"}
    print(transport.get_extra_info("sockname"), transport.get_extra_info("unknown", 3))
    asyncio.transports.BaseTransport._extra.__set__(transport, 5)
    try:
        transport.get_extra_info("peername")
    except AttributeError as error:
        print(error)
    transport.abort()
    there.close()


async def lines_changed_while_they_are_written():
    class Line(bytearray):
        def __bool__(self):
            for found in gc.get_referrers(self):
                if type(found) is list:
                    found.clear()
            return True

    class Closing(bytearray):
        def __bool__(self):
            transport.abort()
            return True

    for kind in (Line, Closing):
        for _ in range(10):
            transport, there = await connected(asyncio.Protocol())
            lines = [kind(b"xx") for _ in range(3)]
            try:
                transport.writelines(lines)
            except Exception:
                gc.collect()
            transport.abort()
            await asyncio.sleep(0)
            there.close()
    print("alive")


async def lines_of_datagrams_changed():
    loop = asyncio.get_running_loop()
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    here.setblocking(False)
    transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, sock=here)
    for _ in range(3000):
        transport.sendto(b"x" * 100)
        if transport.get_write_buffer_size() > 0:
            break
    transport._buffer.append(5)
    transport._buffer.clear()
    gc.collect()
    transport.abort()
    await asyncio.sleep(0)
    there.close()
    print("alive")


async def a_reader_whose_buffer_is_changed():
    for value in (5, None, b"ab", "text", [1]):
        reader = asyncio.StreamReader()
        task = asyncio.ensure_future(reader.read(2))
        await asyncio.sleep(0)
        reader._buffer = value
        try:
            reader.feed_data(b"data")
        except Exception as error:
            print(value, type(error).__name__)
        task.cancel()
        await outcome_of(task)
    reader = asyncio.StreamReader()
    reader.feed_data(b"abc")
    view = memoryview(reader._buffer)
    try:
        print(await reader.read(2))
    except BufferError:
        print("BufferError")
    view.release()
    print(await reader.read(1))


def objects_that_outlive_every_module():
    class Late:
        def __del__(self):
            for method in (loop.time, repr, hash, gc.get_referents):
                try:
                    method() if method == loop.time else method(kept)
                except Exception:
                    continue
            loop.call_soon(int)

    async def made():
        server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
        peer = socket.create_connection(server.sockets[0].getsockname())
        transport, there = await connected(asyncio.Protocol())
        lock = asyncio.Lock()
        await lock.acquire()
        waiting = [asyncio.ensure_future(c) for c in (lock.acquire(), asyncio.sleep(60))]
        failed = loop.create_future()
        failed.set_exception(ValueError("never retrieved"))
        gathered = asyncio.gather(*waiting)
        await asyncio.sleep(0)
        return [server, peer, transport, there, lock, waiting, failed, gathered, Late()]

    loop = new_loop()
    kept = loop.run_until_complete(made())
    # The registry of codecs goes when modules and their dictionaries have gone.
    codecs.register_error("keep", lambda error: kept)
    print("alive")


def main():
    logging.disable(logging.CRITICAL)
    name, kind = sys.argv[1:]
    if kind == "phaseloop":
        import phaseloop

        phaseloop.install()
    program = globals()[name]
    if asyncio.iscoroutinefunction(program):
        asyncio.run(program())
    else:
        program()


if __name__ == "__main__":
    main()
