import asyncio
from selectors import BaseSelector

class Loop(asyncio.SelectorEventLoop):
    def __init__(
        self, selector: BaseSelector | None = None, *, virtual_time: bool = False
    ) -> None: ...

def new_event_loop() -> Loop: ...
