"""Usual uses of asyncpg: asyncpg_program.py HOST PORT SOCKET_FOLDER AUTHORITY"""

import asyncio
import datetime
import decimal
import functools
import io
import ssl
import sys

import asyncpg
import started

host, port, folder, authority = sys.argv[1:]
named = {"port": int(port), "user": "postgres", "database": "postgres"}
tcp = functools.partial(asyncpg.connect, host=host, **named)
trust = ssl.create_default_context(cafile=authority)


async def over_tcp():
    await queries(await tcp(ssl=False), encrypted=False)


async def over_tls():
    await queries(await tcp(ssl=trust), encrypted=True)


async def over_unix_socket():
    await queries(await asyncpg.connect(host=folder, **named), encrypted=False)


async def transactions():
    connection = await tcp()
    await connection.execute("create table kept (n int primary key)")
    async with connection.transaction():
        await connection.executemany("insert into kept values ($1)", [(n,) for n in range(500)])
        try:
            async with connection.transaction():  # a savepoint
                await connection.execute("insert into kept values (1000)")
                await connection.execute("insert into kept values (1)")
        except asyncpg.UniqueViolationError as error:
            assert "kept_pkey" in str(error), error
        else:
            raise AssertionError("inserted twice")
    assert await connection.fetchval("select sum(n) from kept") == sum(range(500))
    await connection.close()


async def cursors():
    connection = await tcp()
    async with connection.transaction():
        rows = connection.cursor("select generate_series(1, 1000)", prefetch=64)
        assert [row[0] async for row in rows] == list(range(1, 1001))
    await connection.close()


async def copying():
    connection = await tcp()
    await connection.execute("create table copied (n int, said text)")
    records = [(n, f"number {n} " * 20) for n in range(20_000)]  # some 5 MB
    said = await connection.copy_records_to_table("copied", records=records)
    assert said == "COPY 20000", said
    written = io.BytesIO()
    await connection.copy_from_table("copied", output=written, format="csv")
    lines = written.getvalue().splitlines()
    assert len(lines) == 20_000 and lines[7] == b"7," + records[7][1].encode(), lines[7]
    written.seek(0)
    await connection.copy_to_table("copied", source=written, format="csv")
    assert await connection.fetchval("select count(*) from copied") == 40_000
    await connection.close()


async def notifications():
    listening, notifying = await tcp(), await tcp()
    heard, all_heard = [], asyncio.Event()

    def listener(connection, pid, channel, payload):
        assert connection is not notifying and pid == notifying.get_server_pid()
        heard.append((channel, payload))
        if len(heard) == 100:
            all_heard.set()

    await listening.add_listener("news", listener)
    for number in range(100):
        await notifying.execute("select pg_notify('news', $1)", str(number))
    await all_heard.wait()
    assert heard == [("news", str(number)) for number in range(100)]
    await listening.remove_listener("news", listener)
    await asyncio.gather(listening.close(), notifying.close())


async def cancelled_query():
    connection = await tcp()
    sleeping = asyncio.create_task(connection.execute("select pg_sleep(60)"))
    await asyncio.sleep(0.1)
    sleeping.cancel()
    await asyncio.wait([sleeping])
    assert sleeping.cancelled()
    assert await connection.fetchval("select 'usable'") == "usable"
    await connection.close()


async def timed_out_query():
    connection = await tcp()
    for attempt in (
        lambda: connection.execute("select pg_sleep(60)", timeout=0.1),
        lambda: asyncio.wait_for(connection.execute("select pg_sleep(60)"), 0.1),
    ):
        try:
            await attempt()
        except TimeoutError:
            assert await connection.fetchval("select 'usable'") == "usable"
        else:
            raise AssertionError("slept for a minute")
    await connection.close()


async def pooled():
    pool = asyncpg.create_pool(host=host, **named, min_size=2, max_size=8)
    async with pool:
        squares = await asyncio.gather(
            *(pool.fetchval("select $1::int * $1::int", n) for n in range(200))
        )
        assert squares == [n * n for n in range(200)]
        assert 2 <= pool.get_size() <= 8, pool.get_size()
        pids = set()
        for _ in range(20):
            async with pool.acquire() as connection, connection.transaction():
                pids.add(await connection.fetchval("select pg_backend_pid()"))
        assert len(pids) <= pool.get_size(), pids
        abandoned = [asyncio.create_task(pool.fetch("select pg_sleep(60)")) for _ in range(20)]
        await asyncio.sleep(0.1)
        for task in abandoned:
            task.cancel()
        await asyncio.wait(abandoned)
        assert all(task.cancelled() for task in abandoned)
        assert await pool.fetchval("select 'usable'") == "usable"


async def broken_off():
    connection, other = await tcp(), await tcp()
    gone = asyncio.Event()
    connection.add_termination_listener(lambda _: gone.set())
    await other.execute("select pg_terminate_backend($1)", connection.get_server_pid())
    await gone.wait()
    assert connection.is_closed()
    await other.close()


async def refused():
    try:
        await tcp(port=1)
    except ConnectionRefusedError:
        return
    raise AssertionError("connected to nobody")


async def clear():
    connection = await tcp()
    await connection.execute("drop table kept, copied")
    await connection.close()


async def queries(connection, *, encrypted):
    used = "select ssl from pg_stat_ssl where pid = pg_backend_pid()"
    assert await connection.fetchval(used) is encrypted
    now = datetime.datetime.now(datetime.UTC)
    row = await connection.fetchrow(
        "select $1::text as t, $2::numeric as n, $3::timestamptz as w, $4::int[] as l, null as x",
        "Grüße",
        decimal.Decimal("1.50"),
        now,
        [1, 2, 3],
    )
    expected = {"t": "Grüße", "n": decimal.Decimal("1.50"), "w": now, "l": [1, 2, 3], "x": None}
    assert dict(row) == expected, row
    statement = await connection.prepare("select repeat('x', $1)")
    for size in (0, 1, 8 << 20):
        assert await statement.fetchval(size) == "x" * size
    large = bytes(range(256)) * (32 << 10)  # 8 MiB
    assert await connection.fetchval("select $1::bytea", large) == large
    rows = await connection.fetch("select n, n::text as t from generate_series(1, 20000) n")
    assert [tuple(row) for row in rows] == [(n, str(n)) for n in range(1, 20001)]
    try:
        await connection.fetch("select nonsense")
    except asyncpg.UndefinedColumnError as error:
        assert 'column "nonsense" does not exist' in str(error), error
    else:
        raise AssertionError("nonsense went through")
    await connection.close()


started.run_all(
    over_tcp,
    over_tls,
    over_unix_socket,
    transactions,
    cursors,
    copying,
    notifications,
    cancelled_query,
    timed_out_query,
    pooled,
    broken_off,
    refused,
    clear,
)
