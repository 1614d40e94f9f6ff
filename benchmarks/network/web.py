"""The HTTP servers: each answers every request with the same short text."""

import asyncio

from network.kinds import Lacking, ask, text_of

ANSWER = b"Hello, world!"


async def try_server():
    """Raises Lacking if the loop can't serve; the frameworks would each say so in their own way."""
    server = await ask(
        asyncio.get_running_loop(), "create_server", asyncio.Protocol, "127.0.0.1", 0
    )
    server.close()


async def application(scope, receive, send):
    """The least that ASGI allows."""
    if scope["type"] != "http":
        raise RuntimeError(f"not HTTP: {scope['type']}")
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(ANSWER))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": ANSWER})


async def serve_uvicorn(wanted):
    try:
        import uvicorn
    except ImportError as missing:
        raise Lacking(str(missing)) from missing
    await try_server()
    # A port, not a socket: asyncio sends small pieces at once only on sockets that it has made
    # itself, and otherwise each answer would wait for 40 ms.
    config = uvicorn.Config(
        application,
        host="127.0.0.1",
        port=0,
        lifespan="off",
        access_log=False,
        log_level="error",
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        if task.done():
            await task
            raise RuntimeError("uvicorn did not start")
        await asyncio.sleep(0.01)
    return text_of(server.servers[0].sockets[0].getsockname()), task


async def serve_aiohttp(wanted):
    try:
        from aiohttp import web
    except ImportError as missing:
        raise Lacking(str(missing)) from missing
    await try_server()

    async def answer(request):
        return web.Response(body=ANSWER, content_type="text/plain")

    served = web.Application()
    served.router.add_get("/", answer)
    runner = web.AppRunner(served, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return text_of(runner.addresses[0]), runner
