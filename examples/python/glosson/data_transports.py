"""What carries data connections: TCP to the data port, else WebSockets to the relay's own port."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Callable

from .data_connection import Foreign, Joined, Line, NotJoined, Refused, join
from .limit import Limit
from .messages import DataAddress

TCP, WEBSOCKET = "tcp", "websocket"
TRANSPORTS = (TCP, WEBSOCKET)
AUTO = "auto"  # the first that works

OPEN_S = 5.0  # for the relay to answer on one transport
FIRST_TRY_S = 3.0  # the same for TCP, where a WebSocket can follow: a visitor's ticket lives 10 s
UNANSWERED_S = 60.0  # more than all limits of using a ticket that a visitor waits for
STEADY_S = 2.0  # that a connection lasts at least which nothing on the way has ended
MAX_CUT_OFF = 3  # times in a row, before a TCP that never worked in this session is useless
TOGETHER_S = 1.0  # what is cut off within this time is one: a relay may end some too
TRY_TCP_EVERY_S = 600.0  # in a network where it did not work

log = logging.getLogger(__name__)


class DataTransports:
    """Chooses for one session.

    TCP is tried first, a network in which it did not work is remembered, and tried again by a
    connection that is parked, for whom no visitor waits.
    """

    def __init__(
        self,
        chosen: str,
        open_line: dict[str, Callable[[DataAddress], Awaitable[Line]]],
        has_sockets: Callable[[], Awaitable[bool]],
        note: Callable[[str, bool], None],
    ) -> None:
        """`note` keeps whether only WebSockets work where this computer has that address."""
        self._chosen, self._open, self._has_sockets = chosen, open_line, has_sockets
        self._note = note
        self._preferred = TCP
        self._follows = False
        self._try_tcp_at = 0.0
        self._proven = False  # TCP has worked in this session
        self._cut_off, self._cut_off_at = 0, float("-inf")
        self._loses_bytes = False  # TCP connections come about, and what is sent does not arrive

    def remember(self) -> None:
        """Begin with WebSockets: nothing else worked in this network."""
        self._preferred = WEBSOCKET
        self._try_tcp_at = time.monotonic() + TRY_TCP_EVERY_S

    def doubt_tcp(self) -> None:
        """TCP only seems to work: in this session it is tried where WebSockets do not."""
        self._loses_bytes = True

    async def join(
        self,
        data: DataAddress,
        ticket: str,
        join_s: float,
        parked: bool,
        on_shown: Callable[[str], None],
    ) -> Joined:
        """Use a ticket on the first transport that opens; raises as `data_connection.join`."""
        failure: Exception | None = None
        for transport in await self._order(parked):
            if failure and transport == WEBSOCKET and not await self._may_follow():
                break
            try:
                line = await self._open_line(transport, data)
            except OSError as error:
                failure = error if failure is None or transport == TCP else failure
                continue
            if transport == WEBSOCKET:
                self._prefer(WEBSOCKET, line, data)
            use = self._use(transport, line, data, ticket, join_s, on_shown)
            if transport == WEBSOCKET:
                return await use
            made_way: Limit | None = None
            try:
                if parked or self._proven:
                    return await use
                # What a relay answers at once, over a TCP that never worked in this session: where
                # something on the way takes the bytes, the ticket is still good for a WebSocket.
                limit = self._limit(UNANSWERED_S, "what is sent there is not answered", transport)
                with limit as made_way:
                    return await use
            except (NotJoined, OSError, EOFError, ValueError) as error:
                is_foreign = isinstance(error, Foreign)
                if made_way is None and not is_foreign:
                    raise
                if is_foreign or (made_way is not None and made_way.expired):
                    self._cut_off = MAX_CUT_OFF
                failure = error
        assert failure is not None
        raise failure

    async def _open_line(self, transport: str, data: DataAddress) -> Line:
        with self._limit(OPEN_S, f"{data} does not answer", transport):
            return await self._open[transport](data)

    @contextmanager
    def _limit(self, seconds: float, what: str, transport: str) -> Iterator[Limit]:
        """Limit what is waited for: TCP to less where the relay has WebSockets to follow it."""
        with Limit(seconds, what) as limit:
            if transport == WEBSOCKET or self._chosen != AUTO:
                yield limit
                return
            making_way = asyncio.ensure_future(self._make_way(limit))
            try:
                yield limit
            finally:
                making_way.cancel()

    async def _make_way(self, limit: Limit) -> None:
        """Give a TCP that takes long up, where the relay has WebSockets to follow it."""
        await asyncio.sleep(FIRST_TRY_S)
        if await self._may_follow():
            limit.seconds = FIRST_TRY_S
            limit.expire()

    async def _may_follow(self) -> bool:
        """Whether the relay has WebSockets; it is asked until it says so."""
        self._follows = self._follows or await self._has_sockets()
        return self._follows

    async def _order(self, parked: bool) -> tuple[str, ...]:
        if self._chosen != AUTO:
            return (self._chosen,)
        useless = self._loses_bytes or self._cut_off >= MAX_CUT_OFF
        if useless and await self._may_follow():
            return (WEBSOCKET, TCP)
        if self._preferred == TCP:
            return (TCP, WEBSOCKET)
        if not parked or time.monotonic() < self._try_tcp_at:
            return (WEBSOCKET, TCP)
        self._try_tcp_at = time.monotonic() + TRY_TCP_EVERY_S
        return (TCP, WEBSOCKET)

    async def _use(
        self,
        transport: str,
        line: Line,
        data: DataAddress,
        ticket: str,
        join_s: float,
        on_shown: Callable[[str], None],
    ) -> Joined:
        began = time.monotonic()
        works: bool | None = True
        try:
            return await join(line, ticket, join_s, lambda: on_shown(transport))
        except Refused:
            raise  # by nobody but a relay
        except asyncio.CancelledError:
            works = None  # whoever gave it up has learnt nothing
            raise
        except NotJoined:
            works = time.monotonic() - began >= STEADY_S
            raise
        except (OSError, EOFError, ValueError):
            works = False
            raise
        finally:
            if transport == TCP and works:
                self._proven, self._cut_off = True, 0
                if not self._loses_bytes:
                    self._prefer(TCP, line, data)
            elif transport == TCP and works is False:
                self._note_cut_off()

    def _note_cut_off(self) -> None:
        now = time.monotonic()
        if not self._proven and now - self._cut_off_at >= TOGETHER_S:
            self._cut_off, self._cut_off_at = self._cut_off + 1, now

    def _prefer(self, transport: str, line: Line, data: DataAddress) -> None:
        if self._chosen != AUTO or self._preferred == transport:
            return
        self._preferred, self._cut_off = transport, 0
        self._try_tcp_at = time.monotonic() + TRY_TCP_EVERY_S
        if transport == TCP:
            log.info("The relay's data port %s can be used here now", data)
        else:
            log.info(
                "The relay's data port %s cannot be used in this network: visitors come by "
                "WebSockets to the relay's own port",
                data,
            )
        self._note(line.own_address, transport == WEBSOCKET)
