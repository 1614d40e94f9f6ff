"""Loops with aiofastnet's transports: it is no loop of its own, but lies on top of another."""


def on_asyncio():
    """A stock loop whose networking methods are aiofastnet's."""
    import aiofastnet

    return aiofastnet.loop_factory()()


def on_uvloop():
    """A loop of uvloop whose networking methods are aiofastnet's."""
    import aiofastnet
    import uvloop

    return aiofastnet.loop_factory(uvloop.new_event_loop)()
