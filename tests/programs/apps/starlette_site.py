"""The site of test_sites.py, made with Starlette."""

import asyncio
import contextlib
import hashlib
from pathlib import Path

import started
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles


async def loop(request):
    return PlainTextResponse(started.loop_name())


async def digest(request):
    body = await request.body()
    return PlainTextResponse(await run_in_threadpool(lambda: hashlib.sha256(body).hexdigest()))


async def echo(request):
    pieces = [piece async for piece in request.stream()]

    async def back():
        for piece in pieces:
            yield piece

    return StreamingResponse(back())


async def chunks(request):
    async def numbers():
        for number in range(request.path_params["count"]):
            yield f"{number}\n"
            await asyncio.sleep(0)

    return StreamingResponse(numbers())


async def slow(request):
    print("asked to be slow")
    await asyncio.sleep(1)
    return PlainTextResponse("slowly")


async def endless(request):
    async def zeros():
        try:
            while True:
                yield bytes(65536)
                await asyncio.sleep(0.001)
        finally:
            print("no longer endless")

    return StreamingResponse(zeros())


async def socket(websocket):
    await websocket.accept()
    while True:
        match await websocket.receive():
            case {"type": "websocket.disconnect", "code": code}:
                print("closed with", code)
                return
            case {"text": "close"}:
                await websocket.close(4000, "as you wish")
                return
            case {"text": str(text)}:
                await websocket.send_text(text)
            case {"bytes": bytes(data)}:
                await websocket.send_bytes(data)


@contextlib.asynccontextmanager
async def lifespan(app):
    print("starting")
    yield
    print("stopping")


app = Starlette(
    routes=[
        Route("/loop", loop),
        Route("/digest", digest, methods=["POST"]),
        Route("/echo", echo, methods=["POST"]),
        Route("/chunks/{count:int}", chunks),
        Mount("/file", StaticFiles(directory=Path(__file__).parent)),
        Route("/slow", slow),
        Route("/endless", endless),
        WebSocketRoute("/socket", socket),
    ],
    lifespan=lifespan,
)
