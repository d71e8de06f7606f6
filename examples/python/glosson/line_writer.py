"""Lines for the standard error, which wait for no reader that stands still."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable

from .unseen import escape_lines

MAX_WAITING_BYTES = 4 * 1024 * 1024  # of lines: a burst of every visitor's fits
BUSY_S = 0.05  # between tries where another program made it one that does not wait
FLUSH_S = 1.0  # that the end of the program waits for a reader

DROPPED = "Log lines were dropped, since nobody read them for a while: %d"


class LineWriter:
    """Writes lines one after another, by a thread of its own.

    A terminal that is held, a pipe to a program that stands still or a journal that hangs takes no
    more bytes, and a write to it that is waited for would stop everything else. So lines wait here;
    what is too much for that is dropped.
    """

    def __init__(self, write: Callable[[bytes], int | None]) -> None:
        """`write` takes some bytes and returns how many, None where it can take none by now.

        What it raises drops the line.
        """
        self._write_some = write
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0  # with the line that is being written
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def write(self, line: bytes) -> bool:
        """Take a line with its end; False where it is dropped. Never waits."""
        with self._changed:
            if self._waiting_bytes + len(line) > MAX_WAITING_BYTES:
                return False
            self._waiting.append(line)
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

    def flush(self) -> None:
        """Wait until every line that was taken is written, or a second has passed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting_bytes == 0, FLUSH_S)

    def _write_all(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._waiting))
                line = self._waiting.popleft()
            self._write(line)
            with self._changed:
                self._waiting_bytes -= len(line)
                self._changed.notify_all()

    def _write(self, line: bytes) -> None:
        try:
            while line:
                taken = self._write_some(line)
                if taken is None:
                    time.sleep(BUSY_S)
                else:
                    line = line[taken:]
        except (OSError, ValueError):
            pass  # its reader has gone or the disk is full, and there is nowhere to say so


def _write_error(data: bytes) -> int | None:
    """Write to the standard error as it is by now, without the lock that its buffer has.

    The interpreter would wait for that as it ends.
    """
    stream = getattr(sys.stderr, "buffer", None)
    if stream is None:
        return len(data)  # for nobody
    taken: int | None = getattr(stream, "raw", stream).write(data)
    return taken


_errors = LineWriter(_write_error)


def write_error(text: str) -> bool:
    """Write what is no output, for whoever reads it; False where it is dropped."""
    return _errors.write(escape_lines(text).encode("utf-8"))


def flush_errors() -> None:
    """Wait for who reads them, but not for long."""
    _errors.flush()


class ErrorHandler(logging.Handler):
    """Writes a log to the standard error, and tells how many lines are missing."""

    _dropped = 0  # since the last one that was not

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line; never waits, raises nothing."""
        try:
            if not (self._told_dropped(record.name) and self._write(record)):
                self._dropped += 1
        except Exception:
            self.handleError(record)

    def flush(self) -> None:
        """Wait for the reader, but not for long."""
        flush_errors()

    def _told_dropped(self, name: str) -> bool:
        """Tell whether all is told: nothing was dropped, or that it was."""
        if self._dropped:
            told = (DROPPED, (self._dropped,))
            if not self._write(logging.LogRecord(name, logging.WARNING, "", 0, *told, None)):
                return False
            self._dropped = 0
        return True

    def _write(self, record: logging.LogRecord) -> bool:
        return write_error(f"{self.format(record)}\n")
