"""Usual uses of redis-py: redis_program.py PORT TLS_PORT SOCKET AUTHORITY"""

import asyncio
import functools
import sys

import redis.asyncio as redis
import started

port, tls_port, path, authority = sys.argv[1:]
Redis = functools.partial(redis.Redis, decode_responses=True)
plain = functools.partial(Redis, port=int(port))
tls = functools.partial(Redis, port=int(tls_port), ssl=True, ssl_ca_certs=authority)
unix = functools.partial(Redis, unix_socket_path=path)


async def over_tcp():
    await commands(plain)


async def over_tls():
    await commands(tls)


async def over_unix_socket():
    await commands(unix)


async def fifty_at_once():
    async with plain() as client:
        await client.delete("count")
        seen = await asyncio.gather(*(client.incr("count") for _ in range(50)))
        assert sorted(seen) == list(range(1, 51)), seen


async def one_connection_for_many():
    pool = redis.BlockingConnectionPool(port=int(port), max_connections=1, timeout=30)
    async with redis.Redis.from_pool(pool) as client:
        echoes = await asyncio.gather(*(client.echo(str(n)) for n in range(100)))
        assert echoes == [b"%d" % n for n in range(100)], echoes


async def pipelines():
    async with plain() as client:
        async with client.pipeline(transaction=False) as pipeline:
            for number in range(2000):
                pipeline.set(f"key:{number}", number)
            assert all(await pipeline.execute())
        keys = [key async for key in client.scan_iter("key:*", count=500)]
        assert len(keys) == 2000, len(keys)
        async with client.pipeline(transaction=True) as pipeline:
            pipeline.set("sum", 40).incr("sum").incr("sum").get("sum")
            assert await pipeline.execute() == [True, 41, 42, "42"]


async def watched_transaction():
    async with plain() as client, client.pipeline() as pipeline:
        await client.set("watched", 1)
        await pipeline.watch("watched")
        await client.set("watched", 2)
        pipeline.multi()
        pipeline.set("watched", 3)
        try:
            await pipeline.execute()
        except redis.WatchError:
            assert await client.get("watched") == "2"
        else:
            raise AssertionError("the change went unnoticed")


async def publishing():
    async with plain() as client, client.pubsub() as pubsub:
        await pubsub.subscribe("news")
        await pubsub.psubscribe("sport.*")

        async def listen():
            heard = []
            async for message in pubsub.listen():
                if message["type"].endswith("message"):
                    heard.append(message["data"])
                if len(heard) == 201:
                    return heard

        listening = asyncio.create_task(listen())
        await asyncio.sleep(0.05)
        for number in range(200):
            assert await client.publish("news", number) == 1
        assert await client.publish("sport.chess", "mate") == 1
        assert await listening == [*map(str, range(200)), "mate"]


async def blocked_and_cancelled():
    async with plain() as client:
        waiting = asyncio.create_task(client.blpop(["nothing"], timeout=0))
        await asyncio.sleep(0.1)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert waiting.cancelled()
        # The connection that was waiting must not hand its answer to someone else.
        await client.rpush("nothing", "stale")
        assert await client.echo("fresh") == "fresh"
        assert await client.lpop("nothing") == "stale"


async def timed_out():
    async with plain(socket_timeout=0.1, retry=None) as client:
        try:
            await client.blpop(["nothing"], timeout=5)
        except redis.TimeoutError:
            pass
        else:
            raise AssertionError("waited longer than it should")
        assert await client.ping()


async def refused():
    async with Redis(port=1, retry=None) as client:
        try:
            await client.ping()
        except redis.ConnectionError as error:
            assert "refused" in str(error) or "Connect call failed" in str(error), error
        else:
            raise AssertionError("connected to nobody")


async def leave_something():
    async with plain() as client:
        await client.set("left by the program", "ä" * 10)


async def commands(connect):
    large = "0123456789abcdef" * (512 * 1024)  # 8 MiB
    async with connect() as client:
        assert await client.set("large", large)
        assert await client.get("large") == large
        assert await client.strlen("large") == len(large)
        await client.delete("list", "hash", "large")
        await client.rpush("list", *range(1000))
        assert await client.lrange("list", 0, -1) == list(map(str, range(1000)))
        await client.hset("hash", mapping={"a": 1, "b": "zwei"})
        assert await client.hgetall("hash") == {"a": "1", "b": "zwei"}
        assert await client.eval("return {KEYS[1], ARGV[1]}", 1, "k", "v") == ["k", "v"]


started.run_all(
    over_tcp,
    over_tls,
    over_unix_socket,
    fifty_at_once,
    one_connection_for_many,
    pipelines,
    watched_transaction,
    publishing,
    blocked_and_cancelled,
    timed_out,
    refused,
    leave_something,
)
