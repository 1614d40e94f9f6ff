import asyncio


class Problem(Exception):
    pass


@asyncio.coroutine
def fails():
    yield from asyncio.sleep(0)
    raise Problem('it failed')


@asyncio.coroutine
def careful():
    try:
        yield from fails()
    except Problem as problem:
        print('caught', problem)
        try:
            yield from fails()
        finally:
            print('finally')


loop = asyncio.get_event_loop()
task = loop.create_task(careful())
try:
    loop.run_until_complete(task)
except Problem as problem:
    print('outside', problem)
print(repr(task.exception()).rstrip(',)') + ')')
