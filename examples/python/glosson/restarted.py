"""Finds out soon that a relay which restarts listens again."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable
from typing import Callable

from .api import Api
from .limit import Limit

PATIENCE_S = 30.0  # after it was lost: a restart is over by then
# The pause before the next look is about this share of the time that the relay has been away: a
# visitor waits but little longer than for the relay, and clients come back the more spread the
# longer that was.
SHARE, LEAST_S, MOST_S = 1 / 8, 0.1, 2.0
LOOK_S = 2.0  # for a look: whoever is there answers soon, and whoever refuses does


async def restarted(
    lost_at: float,
    refuses: Callable[[], Awaitable[bool | None]],
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> bool:
    """Look for a relay for as long as nobody listens there; return whether one does again.

    That costs nobody more than a refused connection. Where one listens all the time it is False
    after two looks: whoever that is, is to be left alone for a while. Nor is there more to see
    after a look that had no answer.
    """
    was_away = looked = False
    while (away := now() - lost_at) < PATIENCE_S:
        refused = await refuses()
        if refused is None:
            return False
        is_there = not refused
        # The first look may find the port of a process whose other sockets are closed by now.
        if is_there and (was_away or looked):
            return was_away
        was_away, looked = not is_there, True
        usual = min(max(away * SHARE, LEAST_S), MOST_S)
        await sleep(usual * random.uniform(0.5, 1.5))  # noqa: S311  # no secret
    return False


async def refuses(api: Api) -> bool | None:
    """Whether nobody listens at the relay, by a connection that says nothing; None: no answer."""
    try:
        with Limit(LOOK_S, "no answer"):
            (await api.connect()).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return None
    return False
