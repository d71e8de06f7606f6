"""Passes bytes between two streams, both ways, each direction to its own end."""

from __future__ import annotations

import asyncio

from .connection import Stream
from .limit import Limit
from .reader import Reader

# Of silence in one direction, once the other one has ended; unless told otherwise.
LEFT_S = 120.0

# For what an end said that left amid what it was sent: it comes across, and is not lost to the
# reset that unread bytes would be answered with (RFC 9112 section 9.6).
LINGER_S = 5.0


class _Copy:
    """One direction; `asks` is that of whoever asked, to whom all is brought that was answered."""

    def __init__(self, reader: Reader, to: Stream, asks: bool) -> None:
        self._reader, self._to, self._asks = reader, to, asks
        self.last = 0.0
        self.over = False
        self.ended = asyncio.Event()

    async def run(self, back: _Copy) -> None:
        """Copy until the end; `back` is the other direction."""
        try:
            while data := await self._next(back):
                try:
                    await self._to.write(data)
                except OSError:
                    # Closed while they send on, who asked would lose what they have not taken.
                    if self._asks or not back.over:
                        await self._drop()
                    raise
                self.last = asyncio.get_running_loop().time()
            await self._to.end()
        finally:
            self.over = True
            self.ended.set()

    async def _next(self, back: _Copy) -> bytes:
        try:
            return await self._reader.some()
        except OSError:
            if not self._asks:
                await self._to.end()
                with Limit(LINGER_S, "no end"):
                    await back.ended.wait()
            raise

    async def _drop(self) -> None:
        with Limit(LINGER_S, "no end"):
            while await self._reader.some():
                pass


async def splice(
    a_reader: Reader, a: Stream, b_reader: Reader, b: Stream, left_s: float = LEFT_S
) -> None:
    """Pass bytes until both directions have ended, or one of them failed (OSError).

    One that cannot be written goes on until the other has ended, or for LINGER_S: a server that
    answers an upload before its end, and closes, is heard. Where `b` fails `a`, who asked, takes
    what was said before, in that time.
    """
    now = asyncio.get_running_loop().time
    copies = (there, back) = _Copy(a_reader, b, True), _Copy(b_reader, a, False)
    tasks = [asyncio.ensure_future(run) for run in (there.run(back), back.run(there))]
    try:
        done, going = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        half_ended = now()
        while going:
            for task in done:
                task.result()
            done, going = await asyncio.wait(going, timeout=left_s)
            silent = now() - max(half_ended, *(copy.last for copy in copies))
            if going and silent >= left_s:
                raise TimeoutError(f"nothing came within {left_s:g} s after the other side's end")
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
