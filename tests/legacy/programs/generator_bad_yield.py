import asyncio


def bad():
    try:
        yield 5
    except RuntimeError as error:
        print(error)
    try:
        yield (x for x in ())
    except RuntimeError as error:
        print('RuntimeError', 'generator' in str(error))
    return 'over'


print(asyncio.get_event_loop().run_until_complete(bad()))
