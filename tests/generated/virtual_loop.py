"""asyncio's own loop in virtual time: where it would sleep, its clock jumps instead."""

import asyncio
import heapq
import itertools
import selectors


class JumpingSelector(selectors.DefaultSelector):
    """Waits for nothing; says how long it would have waited."""

    loop = None

    def select(self, timeout=None):
        events = super().select(0)
        if not events and timeout:
            self.loop.now += timeout
        return events


class InOrder(asyncio.TimerHandle):
    """A timer that is due after those of the same time made before it.

    asyncio leaves that order to chance (its heap's); phaseloop promises this one.
    """

    made = itertools.count()

    def __init__(self, *args):
        super().__init__(*args)
        self.number = next(self.made)

    def __lt__(self, other):
        return (self.when(), self.number) < (other.when(), other.number)


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        self.now = 0.0
        selector = JumpingSelector()
        selector.loop = self
        super().__init__(selector)
        self._clock_resolution = 1e-9  # timers fire when they are due, not a little before

    def time(self):
        return self.now

    def call_at(self, when, callback, *args, context=None):
        timer = InOrder(when, callback, args, self, context)
        heapq.heappush(self._scheduled, timer)
        timer._scheduled = True
        return timer
