"""Places for visitors: how many there are, and who gives theirs when there is none left."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import time
from collections.abc import Coroutine
from typing import Generic, Protocol, TypeVar

from .connection import PIECE, Stream
from .limit import Limit

NETWORK_BITS = 64  # of IPv6, which one household has to itself
LAST_WORDS_S = 2.0  # for a visitor to take an alert, and to close

INTERNAL_ERROR = bytes.fromhex("15030300020250")  # a fatal alert (RFC 8446 section 6)

log = logging.getLogger(__name__)


class Visiting(Protocol):
    """A visitor who has a place."""

    leaving: bool  # as soon as what they wait for is done; their place counts as free
    group: str  # whom their place counts for

    @property
    def moved_at(self) -> float:
        """When a byte of theirs moved last, by the clock that does not jump."""

    @property
    def idle_since(self) -> float | None:
        """Since when they wait for nothing, by the clock that does not jump; None while they do."""


class Watched:
    """A visitor's stream, which notes when a byte moved last."""

    def __init__(self, stream: Stream) -> None:
        """Pass on what a stream says and is told."""
        self._stream = stream
        self._move()

    def _move(self) -> None:
        self.moved_at = time.monotonic()

    async def read(self, most: int = PIECE) -> bytes:
        """Return what is there; nothing at the end of the stream."""
        data = await self._stream.read(most)
        self._move()
        return data

    async def write(self, data: bytes) -> None:
        """Send all of it."""
        await self._stream.write(data)
        self._move()

    async def end(self) -> None:
        """End this direction."""
        await self._stream.end()

    def close(self) -> None:
        """Close both directions."""
        self._stream.close()


V = TypeVar("V", bound=Visiting)


def group_of(address: str | None) -> str:
    """Return whom a place of this address counts for; those that are not known are one."""
    if address is None:
        return ""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv4Address) or ip.ipv4_mapped is not None:
        return str(getattr(ip, "ipv4_mapped", None) or ip)
    return str(ipaddress.ip_network((ip, NETWORK_BITS), strict=False))


async def refuse(conn: Stream) -> None:
    """End a visitor's TLS before it began; what they sent is read, or the alert would be lost."""
    try:
        with Limit(LAST_WORDS_S, "the visitor did not close"):
            await conn.write(INTERNAL_ERROR)
            await conn.end()
            while await conn.read():
                pass
    except OSError:
        pass
    finally:
        conn.close()


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

    def may_take(self, address: str | None, coming: int) -> bool:
        """Tell whether there is or could be room for an address, besides so many on their way."""
        if self.visitors + coming < self._most:
            return True
        return self._least_missed(group_of(address)) is not None

    def has_place(self, address: str | None) -> bool:
        """Tell whether one more of this address may come; who is missed least makes room."""
        if self._leaving:
            return False
        if self.visitors < self._most or self._make_room(group_of(address)):
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

    def _make_room(self, group: str) -> bool:
        """End a visit for one of this group; False when none has to give way to it."""
        task = self._least_missed(group)
        if task is None:
            return False
        self._visits[task].leaving = True
        task.cancel()
        return True

    def _least_missed(self, group: str) -> asyncio.Task[None] | None:
        """Return the visit that gives way to one of this group, None when the newcomer has to.

        Of the group that has most: whoever was idle the longest, else the one of whom nothing moved
        the longest.
        """
        groups: dict[str, list[tuple[bool, float, asyncio.Task[None]]]] = {}
        for task, visit in self._visits.items():
            if not visit.leaving:
                idle = visit.idle_since
                since = (idle is None, visit.moved_at if idle is None else idle, task)
                groups.setdefault(visit.group, []).append(since)
        largest = max(groups.values(), key=len, default=[])
        if not largest:
            return None
        is_busy, _, task = min(largest, key=lambda since: since[:2])
        return task if not is_busy or len(largest) > len(groups.get(group, [])) else None
