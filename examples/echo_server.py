"""An echo server twice over: with streams, and with a protocol, which takes a third of the time.

    python3 examples/echo_server.py [--port 8888]

The streams listen on the port, the protocol on the one after it. Try `nc localhost 8888`.
"""

import argparse
import asyncio

import phaseloop


async def echo(reader, writer):
    """Send every line back, until the client closes its side."""
    try:
        while line := await reader.readline():
            writer.write(line)
            await writer.drain()  # waits while the client does not read
    except ConnectionError:
        print("a client went away", flush=True)
    finally:
        writer.close()


class EchoProtocol(asyncio.Protocol):
    """Sends back whatever arrives, as it arrives."""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)

    # A client that does not read must not fill our memory: stop reading from it meanwhile.
    def pause_writing(self):
        self.transport.pause_reading()

    def resume_writing(self):
        self.transport.resume_reading()


async def main(port):
    loop = asyncio.get_running_loop()
    streams = await asyncio.start_server(echo, "127.0.0.1", port)
    protocol = await loop.create_server(EchoProtocol, "127.0.0.1", port and port + 1)
    for name, server in ("streams", streams), ("protocol", protocol):
        print(name, "on port", server.sockets[0].getsockname()[1], flush=True)
    async with streams, protocol:
        await asyncio.gather(streams.serve_forever(), protocol.serve_forever())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Send back what is received.")
    parser.add_argument("--port", type=int, default=8888, help="0: any free ports (default: 8888)")
    try:
        phaseloop.run(main(parser.parse_args().port))
    except KeyboardInterrupt:
        print("stopped")
