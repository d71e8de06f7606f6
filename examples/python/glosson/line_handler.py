"""A log whose lines wait for nobody, and which tells how many are missing."""

from __future__ import annotations

import logging

from .line_writer import LineWriter

MISSING = "Log lines are missing, which could not be written: %d"


class LineHandler(logging.Handler):
    """Gives the lines of a log to a LineWriter."""

    def __init__(self, writer: LineWriter) -> None:
        """`writer` has them written."""
        super().__init__()
        self._writer = writer
        self._missing = 0  # since the last one that was not

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line; never waits, raises nothing."""
        try:
            self._missing += self._writer.take_lost()
            if not (self._told_missing(record.name) and self._write(record)):
                self._missing += 1
        except Exception:
            self.handleError(record)

    def flush(self) -> None:
        """Wait for the reader, but not for long."""
        self._writer.flush()

    def _told_missing(self, name: str) -> bool:
        """Tell whether all is told: nothing is missing, or that it is."""
        if self._missing:
            told = (MISSING, (self._missing,))
            record = logging.LogRecord(name, logging.WARNING, "", 0, *told, None)
            if not self._write(record, self._missing):
                return False
            self._missing = 0
        return True

    def _write(self, record: logging.LogRecord, lines: int = 1) -> bool:
        return self._writer.write(f"{self.format(record)}\n".encode(), lines)
