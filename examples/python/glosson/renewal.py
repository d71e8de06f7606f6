"""Renews the certificate in time, for as long as the client runs."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Sequence
from typing import Callable, Optional

from .backoff import Backoff
from .certificate import is_refusal_of_names
from .identity import Identity, read_time, rfc3339
from .problem import RelayProblem, asked_pause, is_fault

SHARE_LEFT = 1 / 3  # of a certificate's life, to renew it with
SHORTEST_LOOK_S, LONGEST_LOOK_S = 60.0, 3600.0  # between looks; a computer may have slept
LOOK_JITTER = 0.2  # spreads the clients of a relay
FIRST_PAUSE_S, LONGEST_PAUSE_S = 120.0, 21_600.0  # after a failure: 5 requests a day are granted

log = logging.getLogger(__name__)

# Gets one; where need be for fewer hosts, but for those that there had been. None: for all or none.
Obtain = Callable[[Optional[Sequence[str]]], Awaitable[Identity]]


def renewal_time(identity: Identity) -> float:
    """Return when to renew: as the relay advised, or with a third of the life left if sooner."""
    life = identity.not_after - identity.not_before
    by_share = identity.not_after - life * SHARE_LEFT
    advised = read_time(identity.saved.renew_after or "")
    return by_share if advised is None else min(by_share, advised)


def next_look(renew_at: float, now: float) -> float:
    """Return for how many seconds not to look at the certificate."""
    planned = min(max(renew_at - now, SHORTEST_LOOK_S), LONGEST_LOOK_S)
    return planned * (1 - LOOK_JITTER * random.random())  # noqa: S311  # no secret


async def first_certificate(obtain: Obtain) -> Identity:
    """Get a certificate when there is none to begin with, trying until it works.

    Raises RelayProblem when the relay does not accept the account.
    """
    backoff = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
    while True:
        try:
            return await obtain(())
        except (RuntimeError, ValueError, OSError) as error:
            if isinstance(error, RelayProblem) and error.status in (401, 403):
                raise
            pause = asked_pause(error) + backoff.next()
            log.error("No certificate yet, trying again in %.0f s: %s", pause, error)
            await asyncio.sleep(pause)


async def keep_certificate(
    current: Identity, obtain: Obtain, use: Callable[[Identity], None], also: Sequence[str] = ()
) -> None:
    """Renew the certificate whenever it is due, and hand each new one to `use`; never returns.

    Hosts of `also` that it lacks are asked for at once; those that the relay refuses, again at the
    renewal.
    """
    backoff = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
    refused = False
    while True:
        due = time.time() >= renewal_time(current)
        missing = [host for host in also if host not in current.also]
        if not due and (refused or not missing):
            await asyncio.sleep(next_look(renewal_time(current), time.time()))
            continue
        try:
            current = await obtain(current.also if due else None)
            use(current)
        except Exception as error:  # a fault as well: nothing would begin it again
            if not due and is_refusal_of_names(error):
                refused = True
                names = " ".join(missing)
                log.warning("The relay does not give %s, asking at the renewal: %s", names, error)
                continue
            good_until, pause = rfc3339(current.not_after), asked_pause(error) + backoff.next()
            log.warning(
                "Cannot renew the certificate, which is good until %s, trying again in %.0f s: %s",
                *(good_until, pause, error),
                exc_info=is_fault(error),
            )
            await asyncio.sleep(pause)
        else:
            refused = any(host not in current.also for host in also)
            backoff.reset()
            log.info("Certificate renewed, good until %s", rfc3339(current.not_after))
            # Also when it is due at once by its dates: never one request after another.
            await asyncio.sleep(next_look(renewal_time(current), time.time()))
