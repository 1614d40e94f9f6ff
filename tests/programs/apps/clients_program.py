"""aiohttp and httpx as clients of a site in another process: clients_program.py URL AUTHORITY"""

import asyncio
import hashlib
import io
import os
import ssl
import sys

import aiohttp
import httpx
import started

url, authority = sys.argv[1:]
trust = ssl.create_default_context(cafile=authority) if url.startswith("https") else None
LARGE = os.urandom(8 << 20)
DIGEST = hashlib.sha256(LARGE).hexdigest()
NUMBERS = b"".join(b"%d\n" % number for number in range(1000))


def session(**options):
    connector = aiohttp.TCPConnector(ssl=trust or True, limit=20)
    return aiohttp.ClientSession(url, connector=connector, **options)


def client(**options):
    return httpx.AsyncClient(base_url=url, verify=trust or False, **options)


async def pieces():
    for start in range(0, len(LARGE), 100_000):
        yield LARGE[start : start + 100_000]
        await asyncio.sleep(0)


async def aiohttp_requests():
    async with session(raise_for_status=True) as made:
        async with made.post("/digest", data=io.BytesIO(LARGE)) as response:
            assert await response.text() == DIGEST
        async with made.post("/echo", data=pieces()) as response:
            assert await response.read() == LARGE
        async with made.get("/chunks/1000") as response:
            assert b"".join([line async for line in response.content]) == NUMBERS
        for number in range(100):
            async with made.post("/echo", data=str(number)) as response:
                assert await response.text() == str(number)


async def aiohttp_hundred_at_once():
    async with session() as made:

        async def ask(number):
            async with made.post("/echo", data=bytes([number]) * 10_000) as response:
                assert await response.read() == bytes([number]) * 10_000

        await asyncio.gather(*(ask(number) for number in range(100)))


async def aiohttp_timeouts():
    async with session(timeout=aiohttp.ClientTimeout(total=0.1)) as made:
        try:
            await made.get("/slow")
        except TimeoutError:
            pass
        else:
            raise AssertionError("it is not slow")
        async with made.get("/loop", timeout=aiohttp.ClientTimeout(total=30)) as response:
            assert response.status == 200


async def aiohttp_cancelled():
    async with session() as made:
        asked = [asyncio.create_task(made.get("/slow")) for _ in range(30)]  # some wait for others
        await asyncio.sleep(0.2)
        for task in asked:
            task.cancel()
        await asyncio.wait(asked)
        assert all(task.cancelled() for task in asked)
        async with made.get("/slow") as response:
            assert await response.text() == "slowly"


async def aiohttp_left_early():
    async with session() as made, made.get("/endless") as response:
        assert await response.content.readexactly(1 << 20) == bytes(1 << 20)


async def aiohttp_websocket():
    async with session() as made, made.ws_connect("/socket", max_msg_size=0) as socket:
        await socket.send_bytes(LARGE)
        assert await socket.receive_bytes() == LARGE
        for number in range(500):
            await socket.send_str(str(number))
        for number in range(500):
            assert await socket.receive_str() == str(number)
        await socket.send_str("close")
        message = await socket.receive()
        assert message.type is aiohttp.WSMsgType.CLOSE and socket.close_code == 4000, message


async def aiohttp_refused():
    async with aiohttp.ClientSession() as made:
        try:
            await made.get("http://127.0.0.1:1")
        except aiohttp.ClientConnectorError as error:
            assert isinstance(error.os_error, ConnectionRefusedError), error
        else:
            raise AssertionError("connected to nobody")


async def httpx_requests():
    async with client() as made:
        assert (await made.post("/digest", content=LARGE)).text == DIGEST
        assert (await made.post("/echo", content=pieces())).content == LARGE
        async with made.stream("GET", "/chunks/1000") as response:
            assert b"".join([part async for part in response.aiter_bytes()]) == NUMBERS
        for number in range(50):
            assert (await made.post("/echo", content=str(number))).text == str(number)


async def httpx_fifty_at_once():
    async with client(limits=httpx.Limits(max_connections=20), timeout=60) as made:
        sent = [bytes([number]) * 10_000 for number in range(50)]
        answers = await asyncio.gather(*(made.post("/echo", content=body) for body in sent))
        assert [answer.content for answer in answers] == sent


async def httpx_timeouts():
    async with client(timeout=httpx.Timeout(30, read=0.1)) as made:
        try:
            await made.get("/slow")
        except httpx.ReadTimeout:
            pass
        else:
            raise AssertionError("it is not slow")
        assert (await made.get("/slow", timeout=30)).text == "slowly"


async def httpx_cancelled():
    async with client(timeout=30) as made:
        asked = [asyncio.create_task(made.get("/slow")) for _ in range(30)]
        await asyncio.sleep(0.2)
        for task in asked:
            task.cancel()
        await asyncio.wait(asked)
        assert all(task.cancelled() for task in asked)
        assert (await made.get("/slow")).text == "slowly"


async def httpx_left_early():
    async with client() as made, made.stream("GET", "/endless") as response:
        async for part in response.aiter_bytes(1 << 20):
            assert part == bytes(1 << 20)
            break


async def httpx_refused():
    async with httpx.AsyncClient() as made:
        try:
            await made.get("http://127.0.0.1:1")
        except httpx.ConnectError:
            return
        raise AssertionError("connected to nobody")


started.run_all(
    aiohttp_requests,
    aiohttp_hundred_at_once,
    aiohttp_timeouts,
    aiohttp_cancelled,
    aiohttp_left_early,
    aiohttp_websocket,
    aiohttp_refused,
    httpx_requests,
    httpx_fifty_at_once,
    httpx_timeouts,
    httpx_cancelled,
    httpx_left_early,
    httpx_refused,
)
