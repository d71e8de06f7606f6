"""The control WebSocket (PROTOCOL section 2)."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator
from typing import Protocol

from .connection import Connection
from .messages import MAX_MESSAGE_BYTES, SUBPROTOCOL
from .relay_address import RelayAddress
from .web_socket import Closed, open_web_socket

PING_EVERY_S, PONG_WITHIN_S = 15.0, 15.0


class Control(Protocol):
    """What is used of a WebSocket of `websockets`."""

    @property
    def close_code(self) -> int | None:
        """The code that it was closed with."""

    async def send(self, message: str) -> None:
        """Send a text frame."""

    async def recv(self) -> str | bytes:
        """Return the next frame; raises Closed."""

    def __aiter__(self) -> AsyncIterator[str | bytes]:
        """Iterate over the frames until the WebSocket is closed in an orderly way."""

    async def close(self) -> None:
        """Close it."""


async def open_control(
    conn: Connection, relay: RelayAddress, trust: ssl.SSLContext, token: str
) -> Control:
    """Open the control WebSocket on a connection, which it takes over; OSError.

    This side pings too: when the network under it changes, nothing comes any more and nothing
    fails, for many minutes.
    """
    control: Control = await open_web_socket(
        *(conn, relay, trust, "/v1/control", {"Authorization": f"Bearer {token}"}),
        subprotocols=[SUBPROTOCOL],
        max_size=MAX_MESSAGE_BYTES,
        ping_interval=PING_EVERY_S,
        ping_timeout=PONG_WITHIN_S,
    )
    return control


async def send(control: Control, message: dict[str, object]) -> None:
    """Send a message; whoever reads the WebSocket hears that it is closed."""
    try:
        await control.send(json.dumps(message))
    except Closed:
        pass
