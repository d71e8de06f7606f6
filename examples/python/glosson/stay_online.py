"""Goes online and comes back after every loss."""

from __future__ import annotations

import asyncio
import logging
import time

from .backoff import Backoff
from .client import Client
from .problem import RelayProblem, RelayUnreachable
from .session import Session

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
STABLE_S = 30.0  # after a session that lasted this long the next pause is a short one again

log = logging.getLogger(__name__)


async def stay_online(client: Client) -> str:
    """Be online until there is no use in coming back; return why, for a person."""
    backoff = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
    while True:
        session, began = Session(client), time.monotonic()
        ending = await session.run()
        if ending.final:
            return ending.why
        why = ending.why
        lasted = session.was_online and time.monotonic() - began >= STABLE_S
        if lasted:
            backoff.reset()
        if not session.was_online:
            asked = await _ask(client)
            if asked.final:
                return asked.why
            why = asked.why or why
        client.health.offline(why)
        # A relay that says when to come back has spread its clients; over and over it is a failure.
        pause = ending.wait_s if lasted and ending.wait_s else ending.wait_s + backoff.next()
        log.warning("Not online, coming back in %.1f s: %s", pause, why)
        await asyncio.sleep(pause)


class _Asked:
    def __init__(self, why: str = "", final: bool = False) -> None:
        self.why, self.final = why, final


async def _ask(client: Client) -> _Asked:
    """Ask the relay what is wrong: a WebSocket that does not open tells little."""
    try:
        await client.api.account()
    except RelayProblem as problem:
        if problem.status == 401:
            fix = "Run python -m glosson setup to get a new token."
            return _Asked(f"{problem} {fix}", final=True)
        return _Asked(str(problem), final=problem.status == 403)
    except RelayUnreachable as error:
        return _Asked(str(error))
    return _Asked()
