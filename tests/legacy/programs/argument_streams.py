import asyncio


async def handle_echo(reader, writer):
    data = await reader.readline()
    print('Received', data)
    writer.write(data.upper())
    await writer.drain()
    writer.close()


async def client(message, port, loop):
    reader, writer = await asyncio.open_connection('127.0.0.1', port, loop=loop)
    writer.write(message)
    print('Answer', await reader.read())
    writer.close()


loop = asyncio.SelectorEventLoop()
asyncio.set_event_loop(loop)
coro = asyncio.start_server(handle_echo, '127.0.0.1', 0, loop=loop)
server = loop.run_until_complete(coro)
port = server.sockets[0].getsockname()[1]
loop.run_until_complete(client(b'hello\n', port, loop))
loop.run_until_complete(client(b'again\n', port, loop))
server.close()
loop.run_until_complete(server.wait_closed())
loop.close()
