import asyncio

future = asyncio.Future()
print(future.done(), future.cancelled())


def got_result(future):
    print('callback', future.result())
    loop.stop()


async def slow_operation(future):
    await asyncio.sleep(0.01)
    future.set_result('Future is done!')


loop = asyncio.get_event_loop()
asyncio.ensure_future(slow_operation(future))
future.add_done_callback(got_result)
try:
    loop.run_forever()
finally:
    loop.close()
try:
    future.set_result(1)
except asyncio.InvalidStateError as error:
    print(type(error).__name__)
