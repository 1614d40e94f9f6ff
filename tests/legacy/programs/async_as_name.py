# Python 3.6
import asyncio


def call(function, async=False, **options):
    """`async` was a name like any other: asyncio.async()."""
    if async:
        return 'async'
    return function(**options)


class Job:
    async = 'attribute'

    def start(self, async=True):
        self.async = async
        return {'async': async, 'doubled': async*2}


async def native():
    async with asyncio.Lock():
        pass
    return [n async for n in numbers()]


async def numbers():
    for n in range(3):
        yield n


print(call(dict), call(dict, async=True), call(dict, False, key='value'))
job = Job()
print(job.async, job.start(async=3), job.async, Job.async)
print(asyncio.get_event_loop().run_until_complete(native()))
