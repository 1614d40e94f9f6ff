import asyncio
import sys


async def run(loop):
    process = await asyncio.create_subprocess_exec(
        sys.executable, '-c', 'print(input()[::-1])',
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, loop=loop)
    out, _ = await process.communicate(b'stressed\n')
    print(out, process.returncode)
    process = await asyncio.create_subprocess_shell(
        'echo hello; exit 3', stdout=asyncio.subprocess.PIPE, loop=loop)
    print(await process.stdout.read(), await process.wait())


loop = asyncio.SelectorEventLoop()
asyncio.set_event_loop(loop)
loop.run_until_complete(run(loop))
loop.close()
