"""Bodies in chunks, however they come."""

from __future__ import annotations

import asyncio
import random

import pytest

from glosson.body import CHUNKED, BodyReader
from glosson.connection import PIECE
from glosson.http1 import BadMessage
from glosson.reader import Reader


class Pieces:
    """A stream that says these pieces."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = [*pieces]

    async def read(self, most: int = PIECE) -> bytes:
        assert most >= PIECE
        return self._pieces.pop(0) if self._pieces else b""


def read(*pieces: bytes) -> list[bytes]:
    async def main() -> list[bytes]:
        body = BodyReader(Reader(Pieces(*pieces)), CHUNKED)  # type: ignore[arg-type]
        parts: list[bytes] = []
        while data := await body.read():
            parts.append(data)
        assert body.trailers == [(b"X-T", b"1")]
        return parts

    return asyncio.run(main())


END = b"0\r\nX-T: 1\r\n\r\n"


def test_small_chunks_that_are_there_are_taken_together() -> None:
    chunks = b"1\r\na\r\n" * 10_000
    assert read(chunks + END) == [b"a" * 10_000]
    # Nobody waits for more than is there.
    assert read(b"1\r\na\r\n1\r\nb\r\n3\r\nc", b"de\r\n" + END) == [b"ab", b"c", b"de"]


def test_what_comes_does_not_depend_on_how() -> None:
    chance = random.Random(7)
    for _ in range(300):
        body, sent = b"", b""
        for _ in range(chance.randrange(1, 30)):
            data = chance.randbytes(chance.choice([1, 1, 2, 9, 300]))
            line = b"%0*x%s%s" % (
                chance.randrange(1, 20),
                len(data),
                chance.choice([b"", b" ", b"\t;x", b";a=b", b";" + b"e" * 990, b";" + b"e" * 9000]),
                chance.choice([b"\r\n", b"\n"]),
            )
            body += data
            sent += line + data + chance.choice([b"\r\n", b"\n"])
        sent += END
        cuts = sorted(chance.randrange(len(sent)) for _ in range(chance.randrange(6)))
        pieces = [sent[a:b] for a, b in zip([0, *cuts], [*cuts, len(sent)]) if a < b]
        assert b"".join(read(*pieces)) == body


@pytest.mark.parametrize(
    "odd",
    [
        b" 1\r\n", b"0x1\r\n", b"+1\r\n", b"-1\r\n", b"1_0\r\n", b"1 1\r\n", b"\r\n", b";x\r\n",
        b"1\r\r\n", b"1g\r\n", b"1000000000000000\r\n", b"1;" + b"e" * 17_000 + b"\r\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("before", [b"", b"1\r\na\r\n"])
def test_a_size_that_is_none_is_refused_wherever_it_stands(odd: bytes, before: bytes) -> None:
    with pytest.raises(BadMessage):
        read(before + odd + b"a\r\n" + END)


@pytest.mark.parametrize("odd", [b"no field\r\n", b"X : 1\r\n", b"X: 1\r\n 2\r\n", b"X: \x001\r\n"])
def test_a_visitors_trailers_are_read_as_strictly_as_the_head(odd: bytes) -> None:
    with pytest.raises(BadMessage):
        read(b"1\r\na\r\n0\r\n" + odd + b"\r\n")
