"""Bodies of HTTP/1.1 messages: how their end is told (RFC 9112 section 6), reading, writing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus

from .connection import PIECE, Stream
from .http1 import (
    Answer,
    BadMessage,
    Budget,
    Fields,
    Request,
    head_bytes,
    read_fields,
    values,
    words,
)
from .reader import LineTooLong, Reader

MAX_SIZE_LINE_BYTES = 16 * 1024

WITHOUT_BODY = (204, 304)

# The end of a chunk, and the size line of another one; extensions follow the size.
_NEXT_CHUNK = re.compile(rb"\r?\n0*([0-9A-Fa-f]{1,12})[ \t]*(?:;[^\n]{0,1000}|\r)?\n")


@dataclass(frozen=True)
class Framing:
    """How the end of a body is told."""

    kind: str  # "none", "length", "chunked", or "close": with the connection
    length: int = 0


NONE, CHUNKED, CLOSE = Framing("none"), Framing("chunked"), Framing("close")


def request_framing(request: Request) -> Framing:
    """Tell how a visitor's body ends; what could be read in two ways is refused."""
    coding = words(request.fields, b"transfer-encoding")
    length = _length(request.fields)
    if not values(request.fields, b"transfer-encoding"):
        return NONE if length is None else Framing("length", length)
    if length is not None or request.minor == 0:
        raise BadMessage("the request tells two ends of its body")
    if coding[-1:] != [b"chunked"]:  # no other one tells the end (RFC 9112 section 6.3)
        raise BadMessage("the request does not tell the end of its body")
    if len(coding) > 1:
        raise BadMessage("the transfer coding is not known", 501)
    return CHUNKED


def passed_framing(request: Request, framing: Framing) -> Framing:
    """Tell the app how a body ends: a method that expects one says that there is none.

    Small servers wait for it, or answer 411, where nothing is said (RFC 9110 section 8.6).
    """
    expects = request.method in (b"POST", b"PUT", b"PATCH")
    return Framing("length") if expects and framing == NONE else framing


def framing_fields(framing: Framing) -> Fields:
    """Return the fields that tell how a body ends."""
    if framing.kind == "chunked":
        return [(b"Transfer-Encoding", b"chunked")]
    return [(b"Content-Length", b"%d" % framing.length)] if framing.kind == "length" else []


def answer_framing(answer: Answer, method: bytes) -> Framing:
    """Tell how an app's body ends; where it tells two ways the chunks count."""
    if method == b"HEAD" or answer.status in WITHOUT_BODY or answer.status < 200:
        return NONE
    # What is said again, by a framework and by its app, is meant once; identity is no coding.
    coding = {*words(answer.fields, b"transfer-encoding")} - {b"identity"}
    if coding:
        if coding != {b"chunked"}:
            raise BadMessage("the transfer coding is not known")
        return CHUNKED
    length = _length(answer.fields)
    return CLOSE if length is None else Framing("length", length)


def spared_fields(answer: Answer, method: bytes) -> Fields:
    """Return what an answer may tell of the body that it has not (RFC 9110 section 8.6)."""
    told = method == b"HEAD" and answer.status != HTTPStatus.NO_CONTENT
    if not told and answer.status != HTTPStatus.NOT_MODIFIED:
        return []
    length = told_length(answer.fields)
    return [] if length is None else framing_fields(Framing("length", length))


def _length(fields: Fields) -> int | None:
    told = told_length(fields)
    if told is None and values(fields, b"content-length"):
        raise BadMessage("the length of the body is malformed")
    return told


def told_length(fields: Fields) -> int | None:
    """Return one length, which may have been said several times; None for none that is one."""
    said = b",".join(values(fields, b"content-length"))
    text, *others = {re.sub(rb"^0+\B", b"", length.strip(b" \t")) for length in said.split(b",")}
    return None if others or not re.fullmatch(rb"\d{1,15}", text) else int(text)


class BodyReader:
    """The content of a body, without its framing."""

    def __init__(self, reader: Reader, framing: Framing, forgiving: bool = False) -> None:
        """Read a body that begins with the reader's next byte; of an app, `forgiving` trailers."""
        self._reader, self.framing, self._forgiving = reader, framing, forgiving
        self._left = framing.length  # of the body or of the chunk
        self._in_chunk = False
        self.trailers: Fields = []
        self.ended = framing.kind == "none" or framing == Framing("length", 0)

    @property
    def ready(self) -> bool:
        """Whether some of it can be read without waiting, or nearly so."""
        if self.ended or not self._reader.kept:
            return False
        return self.framing.kind != "chunked" or b"\n" in self._reader.kept

    async def read(self, most: int = PIECE) -> bytes:
        """Return the next piece, nothing at the end; EOFError when it breaks off before that."""
        if self.ended:
            return b""
        if self.framing.kind == "close":
            data = await self._reader.some(most)
            self.ended = not data
            return data
        if self.framing.kind == "chunked" and self._left == 0:
            await self._next_chunk()
            if self.ended:
                return b""
        data = await self._reader.some(min(most, self._left))
        if not data:
            raise EOFError("the body broke off")
        self._left -= len(data)
        if self._left > 0:
            return data
        if self.framing.kind == "length":
            self.ended = True
            return data
        # Those that are there: to pass chunks of a byte on one by one takes so long that all wait.
        return data + self._reader.runs(_NEXT_CHUNK)

    async def _next_chunk(self) -> None:
        try:
            if self._in_chunk and await self._reader.line(0):
                raise BadMessage("a chunk does not end where it should")
            line = await self._reader.line(MAX_SIZE_LINE_BYTES)
        except LineTooLong:
            raise BadMessage("a chunk's size line is too long") from None
        size = line.partition(b";")[0].rstrip(b" \t")  # what follows are extensions
        if not re.fullmatch(rb"0*[0-9A-Fa-f]{1,12}", size):
            raise BadMessage("a chunk has no size")
        self._left, self._in_chunk = int(size, 16), True
        if self._left == 0:
            self.trailers = await read_fields(self._reader, Budget(), self._forgiving)
            self.ended = True


class BodyWriter:
    """Writes a body in the framing that its head told."""

    def __init__(self, stream: Stream, framing: Framing) -> None:
        """Write to a stream whose head is out already."""
        self._stream, self._framing = stream, framing

    async def write(self, data: bytes, head: bytes = b"") -> None:
        """Send a piece, or the head and a piece at once."""
        if self._framing.kind == "none":
            data = b""
        if data and self._framing.kind == "chunked":
            data = b"%x\r\n%s\r\n" % (len(data), data)
        if head or data:
            await self._stream.write(head + data)

    async def end(self, trailers: Fields) -> None:
        """Tell the end, where the framing does not tell it otherwise."""
        if self._framing.kind == "chunked":
            await self._stream.write(head_bytes(b"0", trailers))
