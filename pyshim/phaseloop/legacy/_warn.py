"""The warning of the legacy layer: what ended, with which Python, and what is written today."""

import sys
import warnings

_OURS = {"asyncio", "phaseloop"}


def warn(what, ended, today):
    """Warn, at the user's line, that `what` ended with Python `ended`, and is `today` now."""
    warnings.warn(
        f"{what} ended with Python {ended}. Today: {today}",
        DeprecationWarning,
        stacklevel=_users_level(),
    )


def _users_level():
    """How far up from warn() the first frame is that is neither ours nor asyncio's."""
    level, frame = 2, sys._getframe(2)
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _OURS:
        level, frame = level + 1, frame.f_back
    return level
