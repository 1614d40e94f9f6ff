import asyncio


class NamedTask(asyncio.Task):
    def __init__(self, coro, name, *, loop=None):
        super().__init__(coro, loop=loop)
        self.label = name

    def cancel(self):
        print('cancelling', self.label)
        return super().cancel()


@asyncio.coroutine
def work():
    me = asyncio.Task.current_task()
    print('running', me.label, isinstance(me, NamedTask))
    yield from asyncio.sleep(10)


async def main(loop):
    task = NamedTask(work(), 'first', loop=loop)
    await asyncio.sleep(0)
    print(task in NamedTask.all_tasks())
    task.cancel()
    await asyncio.wait([task])
    print(task.cancelled())


loop = asyncio.get_event_loop()
loop.run_until_complete(main(loop))
