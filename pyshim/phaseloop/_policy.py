"""The event loop policy: asyncio.set_event_loop_policy(phaseloop.EventLoopPolicy())."""

import warnings
from asyncio import events

from ._loop import Loop
from ._versions import POLICIES_DEPRECATED

if POLICIES_DEPRECATED:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from asyncio import unix_events

        _Base = unix_events._DefaultEventLoopPolicy
else:
    from asyncio import DefaultEventLoopPolicy as _Base


class EventLoopPolicy(_Base):
    """asyncio's default policy of the running CPython, with phaseloop's loop."""

    _loop_factory = Loop


def set_policy(policy):
    """asyncio.set_event_loop_policy(), without its deprecation warning where there is one."""
    if POLICIES_DEPRECATED:
        events._set_event_loop_policy(policy)
    else:
        events.set_event_loop_policy(policy)
