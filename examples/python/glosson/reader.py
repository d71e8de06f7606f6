"""Reads lines and pieces from a stream, and looks ahead without losing a byte."""

from __future__ import annotations

import asyncio
import re

from .connection import PIECE, Stream


class LineTooLong(Exception):
    """A line is longer than is read."""


class Reader:
    """What a stream says, with a buffer of at most PIECE bytes."""

    def __init__(self, stream: Stream) -> None:
        """Read from a stream; nobody else reads from it then."""
        self._stream = stream
        self._buffer = bytearray()
        self._filling: asyncio.Task[None] | None = None
        self.ended = False

    @property
    def kept(self) -> bytearray:
        """What was read from the stream and not taken; not to be changed."""
        return self._buffer

    def look_ahead(self) -> asyncio.Task[None]:
        """Read into the buffer if it is empty, in the background.

        The task ends with the next bytes or the end. Whoever reads waits for the same one, and
        to cancel that waiting does not cancel it: it may have taken the bytes already.
        """
        if self._filling is None:
            self._filling = asyncio.ensure_future(self._fill())
        return self._filling

    async def _fill(self) -> None:
        if self._buffer or self.ended:
            return
        data = await self._stream.read(PIECE)
        self._buffer += data
        self.ended = not data

    async def more(self) -> bool:
        """Wait until there is a byte to read; False at the end."""
        while not self._buffer and not self.ended:
            filling = self.look_ahead()
            await asyncio.wait({filling})
            self._filling = None
            filling.result()
        return bool(self._buffer)

    async def some(self, most: int = PIECE) -> bytes:
        """Return what is there, nothing at the end."""
        await self.more()
        return self._take(most)

    def _take(self, most: int) -> bytes:
        data = bytes(self._buffer[:most])
        del self._buffer[:most]
        return data

    def runs(self, head: re.Pattern[bytes]) -> bytes:
        """Return the bytes of all the runs that are whole in the buffer, without their heads.

        A run begins with `head`, whose first group is its length in hexadecimal digits; one of no
        length, and all behind it, stays in the buffer.
        """
        data, pieces, at = bytes(self._buffer), [], 0
        while (found := head.match(data, at)) is not None:
            begin, length = found.end(), int(found[1], 16)
            if length == 0 or begin + length > len(data):
                break
            at = begin + length
            pieces.append(data[begin:at])
        del self._buffer[:at]
        return b"".join(pieces)

    async def line(self, most: int) -> bytes:
        """Return a line without its end, CRLF or LF; EOFError when the stream ends before."""
        line = b""
        while await self.more():
            at = self._buffer.find(b"\n")
            line += self._take(PIECE if at < 0 else at + 1)
            if len(line) > most + 2:
                break
            if at >= 0:
                return line[:-2] if line.endswith(b"\r\n") else line[:-1]
        if self.ended:
            raise EOFError("the connection ended within a line")
        raise LineTooLong(f"a line is longer than {most} bytes")

    async def stop(self) -> None:
        """End what is read in the background; then the stream can be closed."""
        filling, self._filling = self._filling, None
        if filling is not None:
            filling.cancel()
            await asyncio.gather(filling, return_exceptions=True)
