"""Passes bytes between two streams, both ways, each direction to its own end."""

from __future__ import annotations

import asyncio

from .connection import Stream
from .reader import Reader

# Of silence in one direction, once the other one has ended; unless told otherwise.
LEFT_S = 120.0


class _Copy:
    """One direction."""

    def __init__(self, reader: Reader, to: Stream) -> None:
        self._reader, self._to = reader, to
        self.last = 0.0

    async def run(self) -> None:
        while data := await self._reader.some():
            await self._to.write(data)
            self.last = asyncio.get_running_loop().time()
        await self._to.end()


async def splice(
    a_reader: Reader, a: Stream, b_reader: Reader, b: Stream, left_s: float = LEFT_S
) -> None:
    """Pass bytes until both directions have ended, or one of them failed (OSError)."""
    now = asyncio.get_running_loop().time
    copies = [_Copy(a_reader, b), _Copy(b_reader, a)]
    tasks = [asyncio.ensure_future(copy.run()) for copy in copies]
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
