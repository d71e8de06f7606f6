"""How many files and connections this program may have open."""

from __future__ import annotations

import logging
import sys

OWN = 64  # for the relay, parked connections, files and libraries
EACH = 2  # a visitor's connection, and the one to the app or the file

log = logging.getLogger(__name__)


def allow_visitors(count: int) -> None:
    """Raise this process's own limit to what so many visitors need, or say that they do not fit."""
    if sys.platform == "win32":
        return
    import resource

    needed = OWN + EACH * count
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    allowed = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    except (OSError, ValueError):
        allowed = soft
    if allowed < needed:
        log.warning(
            "%d visitors at once need %d open files, and %d are allowed (ulimit -n)",
            *(count, needed, allowed),
        )
