"""The control WebSocket: opened by the package `websockets`, in its older and newer ways."""

from __future__ import annotations

import json
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from typing import Any, Protocol

import websockets
import websockets.exceptions
from websockets.version import version

from . import __version__
from .connection import Connection
from .messages import MAX_MESSAGE_BYTES, SUBPROTOCOL
from .relay_address import RelayAddress

OPEN_S = 15.0
CLOSE_S = 1.0  # for the relay to answer our close
PING_EVERY_S, PONG_WITHIN_S = 15.0, 15.0

Closed = websockets.exceptions.ConnectionClosed
Failure = websockets.exceptions.WebSocketException

# It tells every frame at the level of details; they have tickets in them.
logging.getLogger("websockets").setLevel(logging.ERROR)


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
    """Open the control WebSocket on a connection, which it takes over; OSError or Failure.

    This side pings too: when the network under it changes, nothing comes any more and nothing
    fails, for many minutes.
    """
    headers = {"Authorization": f"Bearer {token}"}
    options: dict[str, Any] = {}
    if int(version.split(".")[0]) >= 14:
        options["additional_headers"] = headers
    else:
        options["extra_headers"] = headers
    connect: Any = websockets.connect
    control: Control = await connect(
        f"wss://{relay.authority}/v1/control",
        sock=socket.socket(fileno=conn.socket.detach()),
        ssl=trust,
        server_hostname=relay.host,
        subprotocols=[SUBPROTOCOL],
        compression=None,
        max_size=MAX_MESSAGE_BYTES,
        user_agent_header=f"glosson-python/{__version__}",
        open_timeout=OPEN_S,
        close_timeout=CLOSE_S,
        ping_interval=PING_EVERY_S,
        ping_timeout=PONG_WITHIN_S,
        **options,
    )
    return control


async def send(control: Control, message: dict[str, object]) -> None:
    """Send a message; whoever reads the WebSocket hears that it is closed."""
    try:
        await control.send(json.dumps(message))
    except Closed:
        pass
