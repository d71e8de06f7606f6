"""What is said to a person, and what they type."""

from __future__ import annotations

import asyncio
import errno
import os
import sys
import threading
from typing import TextIO

from . import line_writer
from .unseen import escape_lines

# Of a write that there is no room for.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_unwritten: str | None = None  # why some of what was said was not written


def say(text: str) -> None:
    """Print for the person; that nobody reads any more is no reason to stop."""
    try:
        print(escape_lines(text), flush=True)
    except OSError as error:
        note_unwritten(error)


def complain(text: str) -> None:
    """Say what went wrong; where there is no room for it, nobody can be told."""
    line_writer.complain(f"glosson: {text}\n")


def note_unwritten(error: OSError) -> None:
    """Keep in mind why output was not written, where there was no room for it."""
    global _unwritten
    if error.errno in NO_ROOM:
        _unwritten = error.strerror


def unwritten() -> str | None:
    """Write what is left of the output; return why there is no room for it, if there is none."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        note_unwritten(error)
        _drop_rest(sys.stdout)
    return _unwritten


def _drop_rest(stream: TextIO) -> None:
    """Have what could not be written go nowhere; the interpreter tries again as it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class Lines:
    """The lines that a person types, one after the other; None after their end.

    A thread reads them, as a terminal cannot be waited for otherwise on every system. It is a
    daemon: nobody waits for it when the program ends.
    """

    def __init__(self) -> None:
        """Start to read the standard input."""
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            for line in sys.stdin:
                self._loop.call_soon_threadsafe(self._queue.put_nowait, line.rstrip("\r\n"))
            self._loop.call_soon_threadsafe(self._queue.put_nowait, None)
        except (OSError, RuntimeError, ValueError):
            pass  # the program ended, or its input was taken away

    async def next(self) -> str | None:
        """Return the next line, None at the end and ever after."""
        line = await self._queue.get()
        if line is None:
            self._queue.put_nowait(None)
        return line

    async def ask(self, question: str) -> str:
        """Ask for one line; an empty answer after the end."""
        say(question)
        return (await self.next() or "").strip()


async def confirm(there: str, option: str, lines: Lines | None) -> None:
    """Ask whether to go ahead with what is told; RuntimeError when not, or when nobody can say.

    `option` agrees to it on the command line.
    """
    if lines is None:
        raise RuntimeError(f"{there} To go ahead, add {option}")
    answer = await lines.ask(f"{there}\nGo ahead? [y/N]")
    if answer.lower() not in ("y", "yes"):
        raise RuntimeError("Nothing was changed")


def terminal_lines() -> Lines | None:
    """Return the lines of the terminal, or None when nobody is there to type."""
    return Lines() if sys.stdin is not None and sys.stdin.isatty() else None
