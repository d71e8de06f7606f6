"""Keeps connections parked at the relay, so that a visitor does not wait for one to be made."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable
from typing import Callable

from .backoff import Backoff
from .data_connection import Joined, NotJoined, Refused
from .messages import MAX_TICKETS, DataAddress

TICKET_S = 55.0  # a ticket's life of 60 s (PROTOCOL section 3), with a margin
EARLY_S = 10.0  # a parked connection that ended sooner did not expire, it failed
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0  # after a failure; less than a ticket's life

log = logging.getLogger(__name__)

Dial = Callable[[DataAddress, str, Callable[[], None]], Awaitable[Joined]]


class Parking:
    """Uses tickets as far as there are places for parked connections.

    After a failure all of them wait, longer each time: a data port that is down, or refuses,
    is not hammered.
    """

    def __init__(
        self,
        wanted: Callable[[], int],
        dial: Dial,
        on_joined: Callable[[Joined], None],
        ask: Callable[[], None],
    ) -> None:
        """`ask` is called when a place became free; `on_joined` takes the connection over."""
        self._wanted, self._dial, self._on_joined, self._ask = wanted, dial, on_joined, ask
        self._tasks: set[asyncio.Task[None]] = set()
        self._spare: deque[tuple[str, DataAddress, float]] = deque(maxlen=MAX_TICKETS)
        self._backoff = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
        self._rest_until = 0.0

    def offer(self, tickets: tuple[str, ...], data: DataAddress) -> None:
        """Use tickets as far as there are places, and the others when there are.

        A relay that ends connections sends tickets for others, which may come before it is known
        here that those ended. It would take dropped ones for granted until they expire.
        """
        until = time.monotonic() + TICKET_S
        self._spare.extend((ticket, data, until) for ticket in tickets)
        self.use()

    def use(self) -> None:
        """Use kept tickets as far as there are places now."""
        while self._spare and len(self._tasks) < self._wanted():
            ticket, data, until = self._spare.popleft()
            if time.monotonic() < until:
                task = asyncio.ensure_future(self._park(ticket, data, until))
                self._tasks.add(task)
                task.add_done_callback(self._free)

    def _free(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            self.use()
            self._ask()

    async def _park(self, ticket: str, data: DataAddress, until: float) -> None:
        shown = False

        def on_shown() -> None:
            nonlocal shown
            shown = True

        while not shown:
            await asyncio.sleep(max(0.0, self._rest_until - time.monotonic()))
            began = time.monotonic()
            if began >= until:
                return
            try:
                joined = await self._dial(data, ticket, on_shown)
            except NotJoined:
                if time.monotonic() - began >= EARLY_S:
                    self._backoff.reset()
                else:
                    self._rest()
            except Refused:
                self._rest()
            except (OSError, EOFError, ValueError) as error:
                log.debug("Cannot park a connection at %s: %s", data, error or type(error).__name__)
                self._rest()
            else:
                self._backoff.reset()
                self._on_joined(joined)

    def _rest(self) -> None:
        # Those that fail together are one failure.
        now = time.monotonic()
        if now >= self._rest_until:
            self._rest_until = now + self._backoff.next()

    async def stop(self) -> None:
        """Close all parked connections."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
