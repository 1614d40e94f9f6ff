"""A Dask cluster within one process: distributed_program.py

The scheduler limits itself with Semaphore(math.inf), and the client's futures are awaited.
"""

import asyncio
import logging
import tempfile

import dask
import started
from distributed import Client, Event, LocalCluster, Lock, Queue, Semaphore, as_completed, wait

dask.config.set(
    {
        "temporary-directory": tempfile.mkdtemp(),
        "distributed.comm.timeouts.connect": "30s",
        "distributed.admin.tick.limit": "60s",  # a busy machine is no news
    }
)


def square(number):
    return number * number


def add(*numbers):
    return sum(numbers)


def fails():
    raise ValueError("as it should")


async def work(client):
    futures = client.map(square, range(20))
    assert await client.gather(futures) == [number * number for number in range(20)]
    total = client.submit(add, *futures)
    assert await total == 2470
    assert sorted([await done async for done in as_completed(futures[:5])]) == [0, 1, 4, 9, 16]
    assert not (await wait(futures)).not_done
    failing = client.submit(fails)
    try:
        await failing
    except ValueError as error:
        assert str(error) == "as it should"
    else:
        raise AssertionError("no error")
    (data,) = await client.scatter([{"key": 1}])
    assert await data == {"key": 1}
    graph = dask.delayed(add)(1, dask.delayed(square)(3))
    assert await client.compute(graph) == 10


async def shared(client):
    lock, event, queue = Lock("lock"), Event("event"), await Queue("queue")
    async with lock:
        assert await lock.locked()
    await event.set()
    assert await event.wait(timeout=5) and await event.is_set()
    await queue.put(7)
    assert await queue.get() == 7
    semaphore = await Semaphore(max_leases=2, name="semaphore")
    async with semaphore:
        assert await semaphore.get_value() == 1


async def cluster_in_process():
    async with (
        LocalCluster(
            n_workers=2,
            processes=False,
            threads_per_worker=1,
            dashboard_address=None,
            asynchronous=True,
            silence_logs=logging.CRITICAL,  # of the task that fails, and the worker that goes
        ) as cluster,
        Client(cluster, asynchronous=True) as client,
    ):
        await work(client)
        await shared(client)
        cluster.scale(1)
        async with asyncio.timeout(30):
            while len(cluster.scheduler.workers) != 1:
                await asyncio.sleep(0.01)
        assert await client.submit(square, 5) == 25


started.run_all(cluster_in_process)
