"""Functions that make a loop where a package's own does not do all that its users would do."""


def phaseloop():
    """phaseloop as `phaseloop.install()` leaves it: native names under asyncio's."""
    import phaseloop

    phaseloop.install()
    return phaseloop.new_event_loop()
