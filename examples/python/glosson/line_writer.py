"""Lines that are written while nobody waits: their reader may stand still, their disk be full."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable

from .unseen import escape_lines

MAX_WAITING_BYTES = 4 * 1024 * 1024  # of lines: a burst of every visitor's fits
BUSY_S = 0.05  # between tries where another program made it one that does not wait
FLUSH_S = 1.0  # that the end of the program waits for a reader


class LineWriter:
    """Writes lines one after another, by a thread of its own.

    A terminal that is held, a pipe to a program that stands still or a journal that hangs takes no
    more bytes, and a write to it that is waited for would stop everything else. So lines wait here;
    what is too much for that is dropped, and so is what cannot be written.
    """

    def __init__(self, write: Callable[[bytes], int | None]) -> None:
        """`write` takes some bytes and returns how many, None where it can take none by now.

        What it raises drops the line.
        """
        self._write_some = write
        self._waiting: deque[tuple[bytes, int]] = deque()
        self._waiting_bytes = 0  # with the line that is being written
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._lost = 0
        self._torn = False  # whether the last line was cut off

    def write(self, line: bytes, lines: int = 1) -> bool:
        """Take a line with its end, False: none was taken. Never waits.

        If it cannot be written, so many `lines` are lost with it.
        """
        with self._changed:
            if self._waiting_bytes + len(line) > MAX_WAITING_BYTES:
                return False
            self._waiting.append((line, lines))
            self._waiting_bytes += len(line)
            self._changed.notify_all()
            if self._thread is None:
                # Nobody waits for a daemon when the program ends.
                thread = threading.Thread(target=self._write_all, daemon=True)
                try:
                    thread.start()
                except RuntimeError:
                    return True  # there are too many: the next line tries again
                self._thread = thread
            return True

    def take_lost(self) -> int:
        """Return how many that were taken could not be written, and count anew."""
        with self._changed:
            lost, self._lost = self._lost, 0
            return lost

    def flush(self) -> None:
        """Wait until every line that was taken is written, or a second has passed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting_bytes == 0, FLUSH_S)

    def _write_all(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._waiting))
                line, lines = self._waiting.popleft()
            is_written = self._write(line)
            with self._changed:
                self._lost += 0 if is_written else lines
                self._waiting_bytes -= len(line)
                self._changed.notify_all()

    def _write(self, line: bytes) -> bool:
        left = b"\n" + line if self._torn else line
        whole = len(left)
        try:
            while left:
                taken = self._write_some(left)
                if taken is None:
                    time.sleep(BUSY_S)
                else:
                    left = left[taken:]
            self._torn = False
        except (OSError, ValueError):  # its reader has gone, or the disk is full
            self._torn = self._torn or len(left) < whole
        return not left


def _write_error(data: bytes) -> int | None:
    """Write to the standard error as it is by now, without the lock that its buffer has.

    The interpreter would wait for that as it ends.
    """
    stream = getattr(sys.stderr, "buffer", None)
    if stream is None:
        return len(data)  # for nobody
    taken: int | None = getattr(stream, "raw", stream).write(data)
    return taken


ERRORS = LineWriter(_write_error)


def complain(text: str) -> None:
    """Write what is no output and no log, and wait for whoever reads it, but not for long."""
    ERRORS.write(escape_lines(text).encode("utf-8"))
    ERRORS.flush()
