"""Time limits on waiting, for Pythons older than `asyncio.timeout`."""

from __future__ import annotations

import asyncio
from types import TracebackType


class TooSlow(TimeoutError):
    """Something took longer than it may; the message says what."""


class Limit:
    """Raises TooSlow in a `with` block when nothing happened in it for some seconds.

    `touch()` tells that something happened; without it the whole block has that time. `hold()`
    stops the counting until then: it is for somebody else to act. The block runs in one task, and
    the awaiting in it is what ends.
    """

    def __init__(self, seconds: float, what: str) -> None:
        """`what` was late, as the error says it."""
        self.seconds, self.what = seconds, what
        self.expired = self._held = False
        self._loop = asyncio.get_running_loop()

    def touch(self) -> None:
        """Begin to count anew."""
        self._since, self._held = self._loop.time(), False

    def hold(self) -> None:
        """Count no more until something happened."""
        self._held = True

    def __enter__(self) -> Limit:
        """Begin to count."""
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._since = self._loop.time()
        self._timer = self._loop.call_later(self.seconds, self._look)
        return self

    def _look(self) -> None:
        left = self.seconds if self._held else self._since + self.seconds - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._look)
        else:
            self.expire()

    def expire(self) -> None:
        """End the block now."""
        self.expired = True
        self._task.cancel()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop counting; turn the cancelling that this limit caused into its error."""
        self._timer.cancel()
        if self.expired and kind is asyncio.CancelledError:
            # Since Python 3.11 a task counts who cancelled it; this one is done with.
            getattr(self._task, "uncancel", int)()
            raise TooSlow(f"{self.what} within {self.seconds:g} s") from None
