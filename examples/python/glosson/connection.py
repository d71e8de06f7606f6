"""TCP connections whose two directions end one at a time.

Not asyncio's streams: those stop to read as soon as a write fails, and so lose what the other side
said before it closed (an app that refuses an upload early does just that).
"""

from __future__ import annotations

import asyncio
import socket
from typing import Callable, Protocol

from .limit import Limit

PIECE = 64 * 1024  # bytes that are read and passed on at once
DIAL_S = 5.0  # for the last address of a host to answer
ATTEMPT_S = 1.0  # for each one before: whoever dials may have no more than 3 s for all of them


class Stream(Protocol):
    """Bytes in both directions: a TCP connection, or the TLS on one.

    One task reads at a time, and one writes. Whoever closes has ended those first.
    """

    async def read(self, most: int = PIECE) -> bytes:
        """Return what is there, at least one byte; nothing at the end of the stream."""

    async def write(self, data: bytes) -> None:
        """Send all of it."""

    async def end(self) -> None:
        """End this direction; the other one goes on."""

    def close(self) -> None:
        """End both, at once."""


class Connection:
    """A connected socket as a Stream."""

    def __init__(self, sock: socket.socket) -> None:
        """Take the socket over."""
        sock.setblocking(False)
        if sock.family != getattr(socket, "AF_UNIX", None):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # Parked connections are silent for minutes: a router that forgot one is found out.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self.socket = sock
        self._loop = asyncio.get_running_loop()

    async def read(self, most: int = PIECE) -> bytes:
        """Return what is there; nothing at the end of the stream."""
        return await self._loop.sock_recv(self.socket, most)

    async def write(self, data: bytes) -> None:
        """Send all of it."""
        await self._loop.sock_sendall(self.socket, data)

    async def end(self) -> None:
        """Send the end of the stream."""
        self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()


async def read_exactly(stream: Stream, count: int) -> bytes:
    """Return so many bytes; EOFError when the stream ends before."""
    data = b""
    while len(data) < count:
        piece = await stream.read(count - len(data))
        if not piece:
            raise EOFError(f"the connection ended after {len(data)} of {count} bytes")
        data += piece
    return data


async def dial(
    host: str,
    port: int,
    allow: Callable[[str], bool] = lambda _address: True,
    first: str | None = None,
) -> Connection:
    """Connect to the first address of a host that answers, of those that are allowed.

    `first`, if it is among them, is tried before the others. Raises OSError when there is none.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    allowed = [each for each in found if allow(str(each[4][0]))]
    allowed.sort(key=lambda each: each[4][0] != first)
    failure: OSError = PermissionError(f"{host} is at an address where nothing may be dialled")
    for at, (family, kind, protocol, _, address) in enumerate(allowed, 1):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            # Not by `asyncio.wait_for`: before Python 3.12 it forgets a cancelling that comes in
            # the moment of success, and the program would go on with the connection, and not end.
            seconds = DIAL_S if at == len(allowed) else ATTEMPT_S
            with Limit(seconds, f"{host}:{port} does not answer"):
                await loop.sock_connect(sock, address)
            return Connection(sock)
        except OSError as error:
            sock.close()
            failure = error
        except BaseException:
            sock.close()
            raise
    raise failure


async def dial_unix(path: str) -> Connection:
    """Connect to a Unix socket."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, path)
        return Connection(sock)
    except BaseException:
        sock.close()
        raise
