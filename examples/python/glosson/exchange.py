"""One request of a visitor and its answer; a site is what answers."""

from __future__ import annotations

from collections.abc import Awaitable
from email.utils import formatdate
from http import HTTPStatus
from typing import Callable

from .body import (
    CHUNKED,
    CLOSE,
    NONE,
    BodyReader,
    BodyWriter,
    Framing,
    framing_fields,
    request_framing,
)
from .connection import PIECE, Stream
from .http1 import Fields, Request, head_bytes, values, words
from .limit import Limit
from .reader import Reader
from .visitor_limits import VisitorLimits


class VisitorStream:
    """A visitor's stream, on which nothing may stall for ever."""

    def __init__(self, stream: Stream, stalled_s: float) -> None:
        """Limit the writing of a piece to a stream."""
        self._stream, self._stalled_s = stream, stalled_s

    async def read(self, most: int = PIECE) -> bytes:
        """Read without a limit: what it is depends on who is expected to speak."""
        return await self._stream.read(most)

    async def write(self, data: bytes) -> None:
        """Send a piece, in the time that a slow network needs."""
        with Limit(self._stalled_s, "the visitor did not take a piece of the answer"):
            await self._stream.write(data)

    async def end(self) -> None:
        """End this direction."""
        with Limit(self._stalled_s, "the visitor did not take the end of the answer"):
            await self._stream.end()

    def close(self) -> None:
        """Close both directions."""
        self._stream.close()


class Exchange:
    """A request, and the means to answer it once."""

    def __init__(
        self,
        request: Request,
        host: bytes,
        reader: Reader,
        stream: Stream,
        address: str | None,
        limits: VisitorLimits,
    ) -> None:
        """`host` is what the visitor calls this page; `address` the visitor's, where known.

        Raises BadMessage when the request does not tell the end of its body.
        """
        self.request, self.host, self.address = request, host, address
        self.reader, self.stream, self.limits = reader, stream, limits
        self.body = BodyReader(reader, request_framing(request))
        self.status = 0  # of the final head, once it is out
        self.upgraded = False
        asked = words(request.fields, b"connection")
        self.keep_alive = request.minor >= 1 and b"close" not in asked

    @property
    def answered(self) -> bool:
        """Whether the final head is out."""
        return self.status > 0

    async def inform(self, status: int, reason: bytes, fields: Fields) -> None:
        """Send an interim answer (1xx), which an old visitor would not understand."""
        if self.request.minor >= 1:
            await self.stream.write(head_bytes(b"HTTP/1.1 %d %s" % (status, reason), fields))

    async def switch(self, reason: bytes, fields: Fields) -> None:
        """Send 101: from now on the connection belongs to another protocol."""
        self.status, self.upgraded, self.keep_alive = 101, True, False
        await self.stream.write(head_bytes(b"HTTP/1.1 101 " + reason, fields))

    async def begin(
        self, status: int, reason: bytes, fields: Fields, framing: Framing, early: bytes = b""
    ) -> BodyWriter:
        """Send the head of the answer, and the `early` bytes of its body at once with it.

        `framing` says what is known of the length of the body.
        """
        fields = list(fields)
        if framing.kind in ("chunked", "close"):
            framing = CHUNKED if self.request.minor >= 1 else CLOSE
        fields += framing_fields(framing)
        # What is left of the request would be taken for the next one.
        if framing.kind == "close" or not self.body.ended:
            self.keep_alive = False
        options = [b"Upgrade"] if values(fields, b"upgrade") else []
        if not self.keep_alive:
            options.append(b"close")
        if options:
            fields.append((b"Connection", b", ".join(options)))
        if not values(fields, b"date"):  # caches count from it (RFC 9110 section 6.6.1)
            fields.append((b"Date", formatdate(usegmt=True).encode()))
        self.status = status
        writer = BodyWriter(self.stream, framing)
        await writer.write(early, head_bytes(b"HTTP/1.1 %d %s" % (status, reason), fields))
        return writer

    async def reply(self, status: int, body: bytes, fields: Fields) -> None:
        """Answer with a page of this program's own."""
        fields = list(fields)
        if self.request.method == b"HEAD" or status == HTTPStatus.NOT_MODIFIED:
            if status != HTTPStatus.NOT_MODIFIED:
                fields.append((b"Content-Length", b"%d" % len(body)))
            framing, body = NONE, b""
        else:
            framing = Framing("length", len(body))
        await self.begin(status, reason_of(status), fields, framing, body)

    async def refuse(self, status: int, text: str, *fields: tuple[bytes, bytes]) -> None:
        """Answer with a line of text."""
        plain = [
            (b"Content-Type", b"text/plain; charset=utf-8"),
            (b"Cache-Control", b"no-store"),
            (b"X-Content-Type-Options", b"nosniff"),
        ]
        await self.reply(status, f"{text}\n".encode(), [*plain, *fields])


Site = Callable[[Exchange], Awaitable[None]]


def reason_of(status: int) -> bytes:
    """Return the usual words for a status."""
    return HTTPStatus(status).phrase.encode()
