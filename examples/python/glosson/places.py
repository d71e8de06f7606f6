"""Places for visitors: how many there are, and who gives theirs when there is none left."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Generic, Protocol, TypeVar

log = logging.getLogger(__name__)


class Visiting(Protocol):
    """A visitor who has a place."""

    leaving: bool  # as soon as what they wait for is done; their place counts as free

    @property
    def idle_since(self) -> float | None:
        """Since when they wait for nothing, by the clock that does not jump; None while they do."""


V = TypeVar("V", bound=Visiting)


class Places(Generic[V]):
    """The visitors who are there, each of whom is served by a task."""

    def __init__(self, most: int) -> None:
        """Have so many places."""
        self._most = most
        self._leaving = False
        self._visits: dict[asyncio.Task[None], V] = {}

    @property
    def visitors(self) -> int:
        """How many are there, without those who have to leave."""
        return sum(not visit.leaving for visit in self._visits.values())

    @property
    def room(self) -> int:
        """For how many more there is a place; idle ones would give theirs."""
        busy = sum(visit.idle_since is None for visit in self._visits.values())
        return max(0, self._most - busy)

    def has_place(self) -> bool:
        """Tell whether one more may come; whoever was idle the longest makes room if need be."""
        if self._leaving:
            return False
        if self.visitors < self._most or self._make_room():
            return True
        log.warning("Too many visitors: one was turned away (--max-visitors)")
        return False

    async def occupy(self, visit: V, work: Coroutine[None, None, None]) -> None:
        """Serve a visitor, until they leave or have to."""
        task = asyncio.ensure_future(work)
        self._visits[task] = visit
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()
            del self._visits[task]

    async def stop(self, grace_s: float) -> None:
        """Let nobody in any more; whoever is there may finish for a while, and is ended then."""
        self._leaving = True
        if self._visits:
            await asyncio.wait(list(self._visits), timeout=grace_s)
        for task in list(self._visits):
            task.cancel()

    def _make_room(self) -> bool:
        """End the visit that was idle the longest; False when none is."""
        idle = [
            (visit.idle_since, id(task), task)
            for task, visit in self._visits.items()
            if visit.idle_since is not None and not visit.leaving
        ]
        if not idle:
            return False
        task = min(idle)[2]
        self._visits[task].leaving = True
        task.cancel()
        return True
