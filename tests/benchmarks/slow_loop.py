"""A loop that is slow on purpose."""

import asyncio
import time


class SlowLoop(asyncio.SelectorEventLoop):
    def call_soon(self, *args, **options):
        end = time.perf_counter() + 50e-6
        while time.perf_counter() < end:
            pass
        return super().call_soon(*args, **options)


def slow():
    return SlowLoop()


class LackingLoop(asyncio.SelectorEventLoop):
    def call_later(self, *args, **options):
        raise NotImplementedError("call_later")


def lacking():
    return LackingLoop()
