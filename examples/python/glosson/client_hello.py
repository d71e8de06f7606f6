"""Whom a ClientHello asks for (RFC 6066), and what it offers by ALPN (RFC 7301).

Python's server goes on without a protocol where it speaks none of those that are offered; the
standard asks for an alert, so that a visitor who wants something else learns of it.
"""

from __future__ import annotations

from dataclasses import dataclass

MAX_HELLO_BYTES = 64 * 1024

HANDSHAKE, CLIENT_HELLO = 22, 1
SERVER_NAME, ALPN = 0, 16  # extensions

# Fatal alerts (RFC 8446 section 6), as a record of their own.
NO_APPLICATION_PROTOCOL = bytes.fromhex("15030300020278")


@dataclass(frozen=True)
class Opening:
    """What a visitor begins with."""

    server_name: str = ""  # in lower case
    protocols: tuple[bytes, ...] = ()


def read_opening(data: bytes) -> Opening | None:
    """Read a hello; None: not all of it is there.

    One that is broken asks for nothing: OpenSSL says what is wrong with it.
    """
    message = b""
    while len(data) >= 5 and data[0] == HANDSHAKE:
        length = int.from_bytes(data[3:5], "big")
        if length == 0:
            return Opening()
        message += data[5 : 5 + length]
        data = data[5 + length :]
        if len(message) >= 4 and len(message) >= 4 + int.from_bytes(message[1:4], "big"):
            return _opening(message)
    # What is no record of a handshake will never become one.
    return Opening() if data and data[0] != HANDSHAKE else None


def _opening(message: bytes) -> Opening:
    extensions: dict[int, bytes] = {}
    if message[0] != CLIENT_HELLO:
        return Opening()
    at = 4 + 2 + 32  # type and length, version, random
    for size in (1, 2, 1):  # session, ciphers, compressions
        at += size + int.from_bytes(message[at : at + size], "big")
    end = at + 2 + int.from_bytes(message[at : at + 2], "big")
    at += 2
    while at + 4 <= min(end, len(message)):
        kind = int.from_bytes(message[at : at + 2], "big")
        length = int.from_bytes(message[at + 2 : at + 4], "big")
        at += 4
        extensions.setdefault(kind, message[at : at + length])
        at += length
    # Behind its kind and its length.
    name = extensions.get(SERVER_NAME, b"")[5:].decode("latin-1").lower()
    return Opening(name, tuple(_names(extensions.get(ALPN, b"")[2:])))


def _names(data: bytes) -> list[bytes]:
    names = []
    while data:
        names.append(data[1 : 1 + data[0]])
        data = data[1 + data[0] :]
    return names
