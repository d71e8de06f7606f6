"""Pauses between tries."""

from __future__ import annotations

import random


class Backoff:
    """A random share of a bound that doubles up to a cap ("full jitter").

    The clients of a relay that restarts so do not all come back in the same moment.
    """

    def __init__(self, first_s: float, longest_s: float, eager: tuple[int, float] = (0, 0)) -> None:
        """Take the bounds of the first pause and of every one; of so many `eager` ones another."""
        self._first, self._longest, self._eager = first_s, longest_s, eager
        self._failures = 0

    def next(self) -> float:
        """Count a failure, and return the pause before the next try, in seconds."""
        tries, longest = self._eager
        cap = longest if self._failures < tries else self._longest
        bound = min(cap, self._first * 2 ** min(self._failures, 32))
        self._failures += 1
        return random.uniform(0, bound)  # noqa: S311  # no secret

    def reset(self) -> None:
        """Forget the failures: the next pause is a short one again."""
        self._failures = 0
