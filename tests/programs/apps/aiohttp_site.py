"""The site of test_sites.py, made with aiohttp: aiohttp_site.py PORT [CERTIFICATE_FOLDER]"""

import asyncio
import hashlib
import ssl
import sys
from pathlib import Path

import started
from aiohttp import WSMsgType, web

routes = web.RouteTableDef()


@routes.get("/loop")
async def loop(request):
    return web.Response(text=started.loop_name())


@routes.post("/digest")
async def digest(request):
    body = await request.read()
    return web.Response(text=await asyncio.to_thread(lambda: hashlib.sha256(body).hexdigest()))


@routes.post("/echo")
async def echo(request):
    pieces = [piece async for piece in request.content.iter_any()]
    response = web.StreamResponse()
    await response.prepare(request)
    for piece in pieces:
        await response.write(piece)
    return response


@routes.get("/chunks/{count}")
async def chunks(request):
    response = web.StreamResponse()
    await response.prepare(request)
    for number in range(int(request.match_info["count"])):
        await response.write(f"{number}\n".encode())
        await asyncio.sleep(0)
    return response


routes.static("/file", Path(__file__).parent)


@routes.get("/slow")
async def slow(request):
    print("asked to be slow")
    await asyncio.sleep(1)
    return web.Response(text="slowly")


@routes.get("/endless")
async def endless(request):
    response = web.StreamResponse()
    await response.prepare(request)
    try:
        while True:
            await response.write(bytes(65536))
            await asyncio.sleep(0.001)
    except ConnectionError:
        print("no longer endless")
        return response


@routes.get("/socket")
async def socket(request):
    websocket = web.WebSocketResponse(max_msg_size=16 << 20)
    await websocket.prepare(request)
    async for message in websocket:
        if message.type is WSMsgType.TEXT and message.data == "close":
            await websocket.close(code=4000, message=b"as you wish")
        elif message.type is WSMsgType.TEXT:
            await websocket.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await websocket.send_bytes(message.data)
    print("closed with", websocket.close_code)
    return websocket


async def life(app):
    print("starting")
    yield
    print("stopping")


def application(arguments=()):
    """The application, for main() and for python3 -m aiohttp.web."""
    app = web.Application(client_max_size=64 << 20)
    app.add_routes(routes)
    app.cleanup_ctx.append(life)
    return app


def main(port, certificate=None):
    encryption = made = None
    if certificate:
        encryption = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        encryption.load_cert_chain(f"{certificate}/certificate.pem", f"{certificate}/key.pem")
    if started.way == "loop factory":
        import phaseloop

        made = phaseloop.new_event_loop()
    address = {"host": "127.0.0.1", "port": int(port), "ssl_context": encryption}
    web.run_app(application(), **address, access_log=None, loop=made)


if __name__ == "__main__":
    main(*sys.argv[1:])
