"""Makes the data connections of one session, and learns from what becomes of them."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from typing import Callable

from .client import Client
from .connection import Connection
from .data_connection import Joined, Line, open_tcp
from .data_path import DataPath, Report
from .data_transports import TCP, WEBSOCKET, DataTransports
from .messages import DATA_WEBSOCKET, DataAddress
from .web_socket import open_data_socket

PARKED_S = 330.0  # the relay's 5 minutes and a margin

log = logging.getLogger(__name__)


class Dialer:
    """Knows where the relay is, and what carries visitors from it."""

    def __init__(self, client: Client, on_change: Callable[[Report], None]) -> None:
        """`on_change` is called when something else is known of the way to the data port."""
        self._client = client
        self._path = DataPath(on_change)
        self._transports = DataTransports(
            client.transport,
            {TCP: self._open_tcp, WEBSOCKET: self._open_socket},
            self._has_sockets,
            self._note_network,
        )
        self._relay_ip = ""

    @property
    def report(self) -> Report | None:
        """What is known of the way to the data port."""
        return self._path.report

    def arrive(self, conn: Connection) -> None:
        """Learn from a connection to the relay where that is, and in which network this is."""
        self._relay_ip = str(conn.socket.getpeername()[0])
        if own_address(conn) in self._client.state.web_socket_networks():
            self._transports.remember()

    def note_answers(self, arrive: bool) -> None:
        """Learn from the relay whether what visitors are answered arrives there."""
        report = self._path.note_answers(arrive)
        if report is not None and report.over == TCP and not arrive:
            self._transports.doubt_tcp()

    async def park(self, data: DataAddress, ticket: str, on_shown: Callable[[], None]) -> Joined:
        """Park a connection until a visitor comes."""
        return await self._dial(data, ticket, PARKED_S, True, on_shown)

    async def meet(
        self, data: DataAddress, ticket: str, seconds: float, on_shown: Callable[[], None]
    ) -> Joined:
        """Make the connection that a visitor waits for."""
        return await self._dial(data, ticket, seconds, False, on_shown)

    async def _dial(
        self,
        data: DataAddress,
        ticket: str,
        seconds: float,
        parked: bool,
        on_shown: Callable[[], None],
    ) -> Joined:
        def dial(told: Callable[[str], None]) -> Awaitable[Joined]:
            def shown(transport: str) -> None:
                on_shown()
                told(transport)

            return self._transports.join(data, ticket, seconds, parked, shown)

        return await self._path.watch(data, dial, answers_at_once=not parked)

    async def _open_tcp(self, data: DataAddress) -> Line:
        conn = await open_tcp(data, self._relay_ip)
        return Line(conn, own_address(conn), b"GLOSSON/1 %s\n")

    async def _open_socket(self, _data: DataAddress) -> Line:
        api, trust = self._client.api, self._client.trust
        conn = await api.connect()
        own = own_address(conn)
        return Line(await open_data_socket(conn, api.relay, trust), own, b"%s")

    async def _has_sockets(self) -> bool:
        try:
            features = (await self._client.api.relay_info()).get("features")
        except RuntimeError:
            return False
        return isinstance(features, list) and DATA_WEBSOCKET in features

    def _note_network(self, address: str, only_web_sockets: bool) -> None:
        try:
            self._client.state.note_network(address, only_web_sockets)
        except OSError as error:  # it costs some seconds in this network the next time
            log.debug("Cannot remember what works in this network: %s", error)


def own_address(conn: Connection) -> str:
    """Return this computer's address on a connection."""
    return str(conn.socket.getsockname()[0])
