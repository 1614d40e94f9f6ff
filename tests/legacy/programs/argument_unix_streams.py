import asyncio
import os
import tempfile


@asyncio.coroutine
def serve(reader, writer):
    line = yield from reader.readline()
    writer.write(line[::-1])
    yield from writer.drain()
    writer.close()


@asyncio.coroutine
def ask(path, loop):
    reader, writer = yield from asyncio.open_unix_connection(path, loop=loop)
    writer.write(b'abc\n')
    answer = yield from reader.read()
    writer.close()
    return answer


loop = asyncio.SelectorEventLoop()
asyncio.set_event_loop(loop)
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, 'socket')
    server = loop.run_until_complete(asyncio.start_unix_server(serve, path, loop=loop))
    print(loop.run_until_complete(ask(path, loop)))
    server.close()
    loop.run_until_complete(server.wait_closed())
loop.close()
