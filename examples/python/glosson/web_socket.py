"""WebSockets to the relay: opened by the package `websockets`, in its older and newer ways."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from typing import Any

import websockets
import websockets.exceptions
from websockets.version import version

from . import __version__
from .connection import PIECE, Connection
from .data_connection import Refused
from .messages import DATA_SUBPROTOCOL, GOING_AWAY, NORMAL, TICKET_REFUSED
from .relay_address import RelayAddress

OPEN_S = 15.0
CLOSE_S = 1.0  # for the relay to answer our close
MAX_MESSAGE_BYTES = 4 * 1024 * 1024  # of a data connection: one is held whole

Closed = websockets.exceptions.ConnectionClosed
Failure = websockets.exceptions.WebSocketException

# It tells every frame at the level of details; they have tickets in them.
logging.getLogger("websockets").setLevel(logging.ERROR)


async def open_web_socket(
    conn: Connection,
    relay: RelayAddress,
    trust: ssl.SSLContext,
    path: str,
    headers: dict[str, str],
    **options: Any,
) -> Any:
    """Open a WebSocket on a connection, which it takes over; OSError when it does not open."""
    newer = int(version.split(".")[0]) >= 14
    options["additional_headers" if newer else "extra_headers"] = headers
    connect: Any = websockets.connect
    try:
        return await connect(
            f"wss://{relay.authority}{path}",
            sock=socket.socket(fileno=conn.socket.detach()),
            ssl=trust,
            server_hostname=relay.host,
            compression=None,
            user_agent_header=f"glosson-python/{__version__}",
            open_timeout=OPEN_S,
            close_timeout=CLOSE_S,
            **options,
        )
    except (Failure, EOFError, asyncio.TimeoutError) as error:
        raise OSError(str(error) or type(error).__name__) from error


class WebSocketStream:
    """The two streams of bytes that the binary messages of a WebSocket carry (PROTOCOL section 5).

    What is not read waits at the relay: the package reads a few messages ahead and no more.
    """

    def __init__(self, web_socket: Any) -> None:
        """Take a WebSocket over."""
        self._socket = web_socket
        self._left = b""
        self._began = self._ended = False
        self._closing: asyncio.Task[None] | None = None

    async def read(self, most: int = PIECE) -> bytes:
        """Return what is there; nothing at the end. Raises Refused when the ticket was."""
        if not self._left and not self._ended:
            try:
                message = await self._socket.recv()
            except Closed:
                return self._closed(self._socket.close_code)
            if not isinstance(message, bytes):
                raise ConnectionResetError("the relay sent a text message among the bytes")
            self._left, self._ended = message, not message
            self._began = True
        data, self._left = self._left[:most], self._left[most:]
        return data

    def _closed(self, code: int | None) -> bytes:
        if code == TICKET_REFUSED:
            raise Refused
        # Who closes a parked one has cut nothing off.
        if code in (NORMAL, GOING_AWAY) and not self._began:
            self._ended = True
            return b""
        raise ConnectionResetError(f"the relay closed the WebSocket with {code}")

    async def write(self, data: bytes) -> None:
        """Send all of it; an empty message would be the end."""
        if data:
            await self._send(data)

    async def end(self) -> None:
        """End this direction."""
        await self._send(b"")

    async def _send(self, message: bytes) -> None:
        try:
            await self._socket.send(message)
        except Closed:
            raise ConnectionResetError("the relay closed the WebSocket") from None

    def close(self) -> None:
        """Close it, which takes a moment."""
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._socket.close())


async def open_data_socket(
    conn: Connection, relay: RelayAddress, trust: ssl.SSLContext
) -> WebSocketStream:
    """Open a data connection over WebSocket on a connection to the relay; OSError."""
    web_socket = await open_web_socket(
        *(conn, relay, trust, "/v1/data", {}),
        subprotocols=[DATA_SUBPROTOCOL],
        max_size=MAX_MESSAGE_BYTES,
        # A pong behind bytes that a slow app has not taken would come too late.
        ping_interval=None,
    )
    return WebSocketStream(web_socket)
