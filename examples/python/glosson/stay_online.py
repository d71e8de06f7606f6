"""Goes online and comes back after every loss."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable

from . import exit_codes
from .backoff import Backoff
from .client import Client
from .endings import LONGEST_WAIT_S, Ending
from .exit_codes import exit_code_of
from .problem import RelayProblem, RelayUnreachable, asked_pause
from .restarted import refuses, restarted
from .session import Session

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
# A relay that restarts is mostly back within half a minute, and visitors then wait 5 s for their
# client: for so many tries, about that long, none of them is to wait in vain.
EAGER = 12, 4.0
# After a relay has said that it leaves, until it is taken for one that stops: where another process
# takes its place one is online again by then. It waits for connections that visitors only keep.
RENEW_S = 2.5
STABLE_S = 30.0  # after a session that lasted this long the next pause is a short one again

log = logging.getLogger(__name__)


async def stay_online(client: Client) -> Ending:
    """Be online until there is no use in coming back; return why."""
    backoff = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S, EAGER)
    lost_at = time.monotonic()
    while True:
        session, began = Session(client), time.monotonic()
        ending = await session.run()
        if ending.exit_code == exit_codes.UNAUTHORIZED:
            # A relay revokes the token of a name that is blocked as of one that is given away.
            asked = await _ask(client.api.account())
            return asked if asked.exit_code == exit_codes.BLOCKED else ending
        if ending.exit_code is not None:
            return ending
        why, wait_s = ending.why, ending.wait_s
        lasted = session.was_online and time.monotonic() - began >= STABLE_S
        if lasted:
            backoff.reset()
        if session.was_online:
            lost_at = time.monotonic()
        else:
            asked = await _ask(client.api.control())
            if asked.exit_code is not None:
                return asked
            why, wait_s = asked.why or why, wait_s or asked.wait_s
        client.health.offline(why)
        if ending.draining:
            asyncio.get_running_loop().call_later(RENEW_S, _renew_unless_online, client)
        # A relay that says when to come back has spread its clients; over and over it is a failure.
        pause = wait_s if lasted and wait_s else wait_s + backoff.next()
        log.warning("Not online, coming back in %.1f s: %s", pause, why)
        over = time.monotonic() + pause
        # A pause that the relay asked for is kept; the looks are part of any other.
        if wait_s or not await restarted(lost_at, lambda: refuses(client.api)):
            await asyncio.sleep(over - time.monotonic())


def _renew_unless_online(client: Client) -> None:
    if not client.health.reached.is_set():
        client.front.renew()


async def _ask(asking: Awaitable[object]) -> Ending:
    """Ask the relay what is wrong: a WebSocket that does not open tells little."""
    try:
        await asking
    except (RelayProblem, RelayUnreachable) as error:
        code: int | None = exit_code_of(error)
        if code == exit_codes.UNAUTHORIZED:
            return Ending(f"{error} Run python -m glosson setup to get a new token.", code)
        code = code if code == exit_codes.BLOCKED else None
        return Ending(str(error), code, wait_s=min(asked_pause(error), LONGEST_WAIT_S))
    return Ending("")
