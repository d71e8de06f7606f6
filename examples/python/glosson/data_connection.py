"""A data connection: shows a ticket, waits for a visitor (PROTOCOL sections 3 and 5)."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Callable

from .connection import Connection, Stream, dial, read_exactly
from .limit import Limit
from .messages import DataAddress
from .relay_address import connect_host, may_dial

SHOW_S = 5.0  # to send the ticket
HEADER_S = 5.0  # for the PROXY header, from its first byte

REFUSED = b"GLOSSON/1 refused\n"
PROXY_V2 = b"\r\n\r\n\0\r\nQUIT\n"
START_BYTES = 16  # of a PROXY header, and of the refusal
MAX_HEADER_BYTES = 4096
LOCAL, PROXY = 0x20, 0x21  # version 2 and the command
ADDRESS_BYTES = {0x11: 4, 0x21: 16}  # TCP over IPv4, over IPv6


class Refused(Exception):
    """The relay did not take the ticket."""


class Foreign(OSError):
    """What answers is no data port."""


class NotJoined(Exception):
    """The relay ended the connection before a visitor came."""


@dataclass(frozen=True)
class Line:
    """A connection to the relay on which a ticket can be shown; whoever has it closes it."""

    conn: Stream
    own_address: str  # of this computer, which tells in which network it is
    preface: bytes  # what a ticket is shown by, with its place in it


@dataclass(frozen=True)
class Joined:
    """A connection with a visitor, whose bytes come next; whoever has it closes it."""

    conn: Stream
    address: str | None  # the visitor's, None when the relay does not know it
    header: bytes  # the PROXY protocol's, as it came


async def open_tcp(data: DataAddress, relay_ip: str) -> Connection:
    """Connect to the relay's data port; OSError."""
    return await dial(connect_host(data.host), data.port, lambda ip: may_dial(ip, relay_ip))


async def join(
    line: Line,
    ticket: str,
    join_s: float,
    on_shown: Callable[[], None],
) -> Joined:
    """Show a ticket and wait for a visitor, so many seconds at most.

    `on_shown` is called when the ticket is used up. Raises Refused or NotJoined, and OSError
    or EOFError when the relay breaks the protocol; the line is closed then.
    """
    conn = line.conn
    try:
        with Limit(SHOW_S, "the relay did not take the ticket"):
            await conn.write(line.preface % ticket.encode("ascii"))
        on_shown()
        with Limit(join_s, "no visitor came"):
            first = await conn.read(START_BYTES)
        if not first:
            raise NotJoined
        with Limit(HEADER_S, "no whole PROXY header"):
            return await _read_header(conn, first)
    except BaseException:
        conn.close()
        raise


async def _read_header(conn: Stream, first: bytes) -> Joined:
    """Read a PROXY protocol v2 header, no byte more."""
    start = await _read_start(conn, first)
    if start == REFUSED[:START_BYTES]:
        raise Refused
    command, family, length = start[12], start[13], int.from_bytes(start[14:], "big")
    if command not in (LOCAL, PROXY) or length > MAX_HEADER_BYTES:
        raise Foreign("what the relay sends is no PROXY header")
    rest = await read_exactly(conn, length)
    address = None if command == LOCAL else _address(family, rest)
    return Joined(conn, address, start + rest)


async def _read_start(conn: Stream, first: bytes) -> bytes:
    """Read the first bytes of what a relay sends, and no more of what none does."""
    start = first
    while True:
        if not any(known.startswith(start[: len(known)]) for known in (REFUSED, PROXY_V2)):
            raise Foreign("what the relay sends is no PROXY header")
        if len(start) == START_BYTES:
            return start
        more = await conn.read(START_BYTES - len(start))
        if not more:
            raise Foreign("the connection ended within the PROXY header")
        start += more


def _address(family: int, rest: bytes) -> str | None:
    """Return the visitor's address; None for a family that has none of the kind."""
    size = ADDRESS_BYTES.get(family)
    if size is None:
        return None
    if len(rest) < 2 * size + 4:
        raise OSError("the PROXY header has no room for its addresses")
    ip = ipaddress.ip_address(rest[:size])
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return str(mapped or ip)
