"""Heads of HTTP/1.1 messages (RFC 9112): bytes in, values out, and back."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .reader import LineTooLong, Reader

MAX_HEAD_BYTES = 64 * 1024
MAX_FIELDS = 1000

Fields = list[tuple[bytes, bytes]]

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_REQUEST_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([^\x00-\x20\x7f]+) HTTP/(\d)\.(\d)")
_STATUS_LINE = re.compile(rb"(?:HTTP/1\.(\d)|ICY) +([1-9]\d\d)(?: (.*))?")


class BadMessage(Exception):
    """A message that is not HTTP/1.1, or more of it than is read."""

    def __init__(self, detail: str, status: int = 400) -> None:
        """`status` is what a visitor who sent it is answered with."""
        super().__init__(detail)
        self.status = status


@dataclass
class Request:
    """The head of a visitor's request, its target byte for byte as it was sent."""

    method: bytes
    target: bytes
    minor: int  # of the version: 1, or 0 for HTTP/1.0
    fields: Fields


@dataclass
class Answer:
    """The head of an answer."""

    minor: int
    status: int
    reason: bytes
    fields: Fields


def values(fields: Fields, name: bytes) -> list[bytes]:
    """Return the values of a field, one for each time that it is there."""
    return [value for given, value in fields if given.lower() == name]


def words(fields: Fields, name: bytes) -> list[bytes]:
    """Return the members of a field that is a list, in lower case."""
    joined = b",".join(values(fields, name))
    return [word.strip().lower() for word in joined.split(b",") if word.strip()]


def without(fields: Fields, *names: bytes) -> Fields:
    """Return the fields but those of these names."""
    return [field for field in fields if field[0].lower() not in names]


async def read_request(reader: Reader) -> Request:
    """Read the head of a request; BadMessage tells how to answer one that is none."""
    budget = Budget()
    match = _REQUEST_LINE.fullmatch(await budget.first_line(reader))
    if match is None:
        raise BadMessage("the request line is none")
    method, target, major, minor = match.groups()
    if major != b"1":
        raise BadMessage("only HTTP/1.1 is spoken here", 505)
    return Request(method, target, min(int(minor), 1), await read_fields(reader, budget))


async def read_answer(reader: Reader) -> Answer:
    """Read the head of an answer, and forgive what its fields do wrong."""
    budget = Budget()
    match = _STATUS_LINE.fullmatch(await budget.first_line(reader))
    if match is None:
        raise BadMessage("the status line is none")
    minor, status, reason = match.groups()
    fields = await read_fields(reader, budget, forgiving=True)
    return Answer(int(minor or 0), int(status), _clean(reason or b""), fields)


class Budget:
    """Counts the bytes of one head."""

    def __init__(self) -> None:
        """Begin with all of it."""
        self.left = MAX_HEAD_BYTES

    async def line(self, reader: Reader) -> bytes:
        """Read a line of the head."""
        try:
            line = await reader.line(self.left)
        except LineTooLong:
            raise BadMessage(f"the head is longer than {MAX_HEAD_BYTES} bytes", 431) from None
        self.left -= len(line) + 2
        if self.left < 0:
            raise BadMessage(f"the head is longer than {MAX_HEAD_BYTES} bytes", 431)
        return line

    async def first_line(self, reader: Reader) -> bytes:
        """Read the line that a head begins with, past empty ones (RFC 9112 section 2.2)."""
        line = await self.line(reader)
        while not line:
            line = await self.line(reader)
        return line


async def read_fields(reader: Reader, budget: Budget, forgiving: bool = False) -> Fields:
    """Read fields up to the empty line; also the trailers of a chunked body.

    Of an app (`forgiving`) a space before the colon is dropped, a folded value unfolded, a line
    that is no field left out (RFC 9112 section 5), and a control becomes a space (RFC 9110 section
    5.5); a visitor's are refused.
    """
    fields: Fields = []
    dropped = False
    while True:
        line = await budget.line(reader)
        if not line:
            return fields
        if len(fields) >= MAX_FIELDS:
            raise BadMessage(f"there are more than {MAX_FIELDS} fields", 431)
        if forgiving and line[:1] in b" \t" and fields:
            if not dropped:
                name, value = fields[-1]
                folded = _clean(line).strip(b" \t")
                fields[-1] = (name, (value + b" " + folded).strip(b" \t"))
            continue
        name, colon, value = line.partition(b":")
        if forgiving:
            name, value = name.rstrip(b" \t"), _clean(value)
        dropped = not (colon and _TOKEN.fullmatch(name)) or _CONTROL.search(value) is not None
        if not dropped:
            fields.append((name, value.strip(b" \t")))
        elif not forgiving:
            raise BadMessage("a header field is malformed")


def _clean(text: bytes) -> bytes:
    return _CONTROL.sub(b" ", text)


def head_bytes(start: bytes, fields: Fields) -> bytes:
    """Write a head."""
    lines = b"".join(b"%s: %s\r\n" % field for field in fields)
    return b"%s\r\n%s\r\n" % (start, lines)
