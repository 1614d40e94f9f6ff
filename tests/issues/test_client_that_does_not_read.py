"""A client that stopped reading stopped the process, or filled its memory."""

import asyncio
import socket

from peers import HOST, Noting, address_of, until


class Flooding(Noting):
    """Writes until it is told to stop."""

    CHUNK = bytes(16_384)

    def connection_made(self, transport):
        super().connection_made(transport)
        self.paused = False
        self.loop = asyncio.get_running_loop()
        self.flood()

    def flood(self):
        if not self.paused and not self.transport.is_closing():
            self.transport.write(self.CHUNK)
            self.loop.call_soon(self.flood)

    def pause_writing(self):
        super().pause_writing()
        self.paused = True

    def resume_writing(self):
        super().resume_writing()
        self.paused = False
        self.flood()


def test_writing_stops_and_goes_on(either_loop):
    async def main():
        made = []

        def protocol():
            made.append(Flooding())
            return made[-1]

        server = await either_loop.create_server(protocol, HOST, 0)
        with socket.create_connection(address_of(server)) as idle:
            await until(lambda: made and made[0].paused)
            stuck = made[0]
            buffered = stuck.transport.get_write_buffer_size()
            _, high = stuck.transport.get_write_buffer_limits()
            assert high < buffered <= high + len(Flooding.CHUNK)
            assert stuck.kinds == ["made", "pause"]
            await another_client_is_served(either_loop, address_of(server), made)
            assert stuck.kinds == ["made", "pause"]
            assert stuck.transport.get_write_buffer_size() == buffered
            idle.setblocking(False)
            while "resume" not in stuck.kinds:
                await either_loop.sock_recv(idle, 1 << 16)
            idle.close()
            await asyncio.wait_for(stuck.lost, 5)
        server.close()

    either_loop.run_until_complete(asyncio.wait_for(main(), 20))


async def another_client_is_served(loop, address, made):
    with socket.create_connection(address) as active:
        active.setblocking(False)
        received = 0
        while received < 1 << 21:
            received += len(await loop.sock_recv(active, 1 << 16))
    await asyncio.wait_for(made[1].lost, 5)


def test_drain_waits_for_the_client(any_runtime):
    async def main():
        progress = []

        async def serve(reader, writer):
            for number in range(10_000):
                writer.write(bytes(16_384))
                await writer.drain()
                progress.append(number)

        async with await asyncio.start_server(serve, HOST, 0) as server:
            reader, writer = await asyncio.open_connection(*address_of(server), limit=1000)
            await asyncio.sleep(0.2)
            stopped_at = len(progress)
            await asyncio.sleep(0.1)
            assert len(progress) == stopped_at < 10_000
            await reader.readexactly(1 << 22)
            await until(lambda: len(progress) > stopped_at)
            writer.transport.abort()
            await asyncio.sleep(0.01)

    any_runtime.set_exception_handler(lambda loop, context: None)  # the server's ConnectionError
    any_runtime.run_until_complete(asyncio.wait_for(main(), 20))
