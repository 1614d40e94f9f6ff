"""The site of test_sites.py, made with Tornado: tornado_site.py PORT [CERTIFICATE_FOLDER]"""

import asyncio
import hashlib
import signal
import ssl
import sys
from pathlib import Path

import started
from tornado import iostream, web, websocket
from tornado.httpserver import HTTPServer


class Loop(web.RequestHandler):
    def get(self):
        self.write(started.loop_name())


class Digest(web.RequestHandler):
    async def post(self):
        body = self.request.body
        self.write(await asyncio.to_thread(lambda: hashlib.sha256(body).hexdigest()))


@web.stream_request_body
class Echo(web.RequestHandler):
    def prepare(self):
        self.pieces = []

    def data_received(self, chunk):
        self.pieces.append(chunk)

    async def post(self):
        for piece in self.pieces:
            self.write(piece)
            await self.flush()


class Chunks(web.RequestHandler):
    async def get(self, count):
        for number in range(int(count)):
            self.write(f"{number}\n")
            await self.flush()


class Slow(web.RequestHandler):
    async def get(self):
        print("asked to be slow")
        await asyncio.sleep(1)
        self.write("slowly")


class Endless(web.RequestHandler):
    async def get(self):
        try:
            while True:
                self.write(bytes(65536))
                await self.flush()
                await asyncio.sleep(0.001)
        except iostream.StreamClosedError:
            print("no longer endless")


class Socket(websocket.WebSocketHandler):
    async def on_message(self, message):
        if message == "close":
            self.close(4000, "as you wish")
        else:
            await self.write_message(message, binary=isinstance(message, bytes))

    def on_close(self):
        print("closed with", self.close_code)


async def main():
    port, certificate = (*sys.argv[1:], None)[:2]
    encryption = None
    if certificate:
        encryption = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        encryption.load_cert_chain(f"{certificate}/certificate.pem", f"{certificate}/key.pem")
    app = web.Application(
        [
            ("/loop", Loop),
            ("/digest", Digest),
            ("/echo", Echo),
            ("/chunks/([0-9]+)", Chunks),
            ("/file/(.*)", web.StaticFileHandler, {"path": Path(__file__).parent}),
            ("/slow", Slow),
            ("/endless", Endless),
            ("/socket", Socket),
        ],
        websocket_max_message_size=16 << 20,
        log_function=lambda handler: None,
    )
    server = HTTPServer(app, ssl_options=encryption, max_body_size=64 << 20)
    server.listen(int(port), "127.0.0.1")
    ending = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    print("starting")
    await ending.wait()
    server.stop()
    await asyncio.sleep(1.5)  # requests in progress are the program's own affair with Tornado
    await server.close_all_connections()
    print("stopping")


if __name__ == "__main__":
    started.run(main)
