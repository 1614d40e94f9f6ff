import asyncio
import threading
import warnings

warnings.simplefilter('ignore')


class EveryThread(asyncio.DefaultEventLoopPolicy):
    """Threads get loops as the main thread does."""

    def get_event_loop(self):
        try:
            return super().get_event_loop()
        except RuntimeError:
            loop = self.new_event_loop()
            self.set_event_loop(loop)
            return loop


async def main():
    return threading.current_thread().name


def run():
    loop = asyncio.get_event_loop()
    print(loop.run_until_complete(main()))
    loop.close()


asyncio.set_event_loop_policy(EveryThread())
thread = threading.Thread(target=run, name='worker')
thread.start()
thread.join()
run()
