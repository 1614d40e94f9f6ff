"""The event loop policy: asyncio.set_event_loop_policy(phaseloop.EventLoopPolicy())."""

from . import _stock
from ._loop import Loop

events, unix_events = map(_stock.Module, ("events", "unix_events"))

# From 3.14 on asyncio's public names for policies warn, and these do not.
_Base = (
    _stock.get(unix_events, "_DefaultEventLoopPolicy")
    or _stock.get(unix_events, "_UnixDefaultEventLoopPolicy")
    or unix_events.DefaultEventLoopPolicy
)


class EventLoopPolicy(_Base):
    """asyncio's default policy of the running CPython, with phaseloop's loop."""

    _loop_factory = Loop


# asyncio.set_event_loop_policy(), without its deprecation warning where there is one. None: this
# release has no policies.
set_policy = _stock.get(events, "_set_event_loop_policy") or _stock.get(
    events, "set_event_loop_policy"
)
