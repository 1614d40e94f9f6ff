import asyncio
import warnings

warnings.simplefilter('ignore')
started = []


@asyncio.coroutine
def old():
    started.append('old')
    yield


async def new():
    started.append('new')


async def main(loop):
    future = loop.create_future()
    for fs in (old(), new(), future):
        for function in (asyncio.wait, asyncio.as_completed):
            try:
                result = function(fs)
                await (result if function is asyncio.wait else next(result))
            except TypeError as error:
                print(function.__name__, 'TypeError', str(error).startswith('expect'))
    for fs in ([], set()):
        try:
            await asyncio.wait(fs)
        except ValueError as error:
            print('ValueError', 'empty' in str(error))
    try:
        await asyncio.wait([new(), old()], return_when='ANY')
    except ValueError as error:
        print(error)
    await asyncio.sleep(0)
    print(started)


loop = asyncio.get_event_loop()
loop.run_until_complete(main(loop))
