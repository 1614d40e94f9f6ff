import sys
from collections.abc import Callable

from ._loop import Loop

if sys.version_info >= (3, 14):
    from asyncio.events import _AbstractEventLoopPolicy
    from asyncio.unix_events import _DefaultEventLoopPolicy as _Base
else:
    from asyncio import (
        AbstractEventLoopPolicy as _AbstractEventLoopPolicy,
        DefaultEventLoopPolicy as _Base,
    )

class EventLoopPolicy(_Base):
    def new_event_loop(self) -> Loop: ...

set_policy: Callable[[_AbstractEventLoopPolicy | None], None] | None
