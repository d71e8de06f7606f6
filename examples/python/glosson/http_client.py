"""One HTTP request on a connection of its own, for the relay and other servers."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from . import __version__
from .body import BodyReader, answer_framing
from .connection import Connection, Stream, dial
from .http1 import BadMessage, Fields, head_bytes, read_answer, values
from .limit import Limit
from .reader import Reader
from .relay_address import connect_host
from .tls import TlsStream


@dataclass(frozen=True)
class Reply:
    """A whole answer."""

    status: int
    fields: Fields
    body: bytes

    def value(self, name: bytes) -> str | None:
        """Return the first value of a field, named in lower case; None where it is absent."""
        found = values(self.fields, name)
        return found[0].decode("latin-1") if found else None


async def request(
    conn: Connection,
    tls: tuple[ssl.SSLContext, str] | None,
    line: str,
    fields: Fields,
    body: bytes = b"",
    *,
    most: int,
) -> Reply:
    """Make a request, and close the connection.

    `tls` is whom to trust and the name that the server has to have, None for none; `line` is method
    and target; the answer may have so many bytes. Raises OSError, EOFError or BadMessage.
    """
    method, target = line.split(" ")
    stream: Stream = conn if tls is None else TlsStream(conn, *tls)
    reader = Reader(stream)
    try:
        if isinstance(stream, TlsStream):
            await stream.handshake()
        head = head_bytes(
            f"{method} {target} HTTP/1.1".encode(), [*fields, (b"Connection", b"close")]
        )
        await stream.write(head + body)
        answer = await read_answer(reader)
        while answer.status < 200:  # an interim one (RFC 9110 section 15.2)
            answer = await read_answer(reader)
        answered = BodyReader(reader, answer_framing(answer, method.encode()), True)
        text = b""
        while data := await answered.read():
            text += data
            if len(text) > most:
                raise BadMessage(f"its answer is longer than {most} bytes")
        return Reply(answer.status, answer.fields, text)
    finally:
        await reader.stop()
        conn.close()


async def request_url(
    method: str,
    url: str,
    trust: ssl.SSLContext | None,
    fields: Fields,
    body: bytes = b"",
    *,
    most: int,
    seconds: float,
) -> Reply:
    """Make a request to where a URL leads, by TLS where there is somebody to `trust`.

    Raises OSError, also for one that takes longer, EOFError, BadMessage or ValueError.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    target = parts._replace(scheme="", netloc="", path=parts.path or "/", fragment="").geturl()
    named = [
        (b"Host", parts.netloc.rpartition("@")[2].encode()),
        (b"User-Agent", f"glosson-python/{__version__}".encode()),
    ]
    tls = None if trust is None else (trust, host)
    with Limit(seconds, "no answer"):
        conn = await dial(connect_host(host), parts.port or (80 if tls is None else 443))
        return await request(conn, tls, f"{method} {target}", [*named, *fields], body, most=most)
