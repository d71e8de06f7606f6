"""How many connections to keep parked at the relay."""

from __future__ import annotations

import time
from collections import deque
from typing import Callable

FEWEST = 4  # while nobody visits: what two browsers open when they come at once
WINDOW_S = 2.0  # visitors within this time find no pool that was refilled meanwhile
KEEP_S = 60.0  # a size is kept for so long before it is halved


class PoolSize:
    """As many as visitors came at once of late, and some more.

    A parked connection costs both ends memory, a missing one costs a visitor two round trips.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Never want more than `most`."""
        self._most, self._clock = most, clock
        self._visits: deque[float] = deque(maxlen=most)
        self._fewest = self._size = min(FEWEST, most)
        self._kept_until = 0.0

    def note(self) -> None:
        """Count a visitor."""
        now = self._clock()
        self._shrink(now)
        self._visits.append(now)
        while self._visits and self._visits[0] < now - WINDOW_S:
            self._visits.popleft()
        wanted = min(len(self._visits) + FEWEST, self._most)
        if wanted >= self._size:
            self._size, self._kept_until = wanted, now + KEEP_S

    @property
    def size(self) -> int:
        """The size now; it shrinks by itself."""
        self._shrink(self._clock())
        return self._size

    def _shrink(self, now: float) -> None:
        while self._size > self._fewest and now >= self._kept_until:
            self._size = max(self._fewest, self._size // 2)
            self._kept_until += KEEP_S
