"""One HTTP request on a connection of its own, for the relay and other servers."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from .body import BodyReader, answer_framing
from .connection import Connection, Stream
from .http1 import BadMessage, Fields, head_bytes, read_answer, values
from .reader import Reader
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
        answered = BodyReader(reader, answer_framing(answer, method.encode()))
        text = b""
        while data := await answered.read():
            text += data
            if len(text) > most:
                raise BadMessage(f"its answer is longer than {most} bytes")
        return Reply(answer.status, answer.fields, text)
    finally:
        await reader.stop()
        conn.close()
