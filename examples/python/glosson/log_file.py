"""Where `run` tells what it does: on the standard error, or in a file."""

from __future__ import annotations

import logging
import os
from logging.handlers import RotatingFileHandler
from typing import TextIO

from .line_writer import ErrorHandler
from .unseen import LineFormatter

LOG_NAME = "glosson.log"  # of an installed `run`, in the state folder
MAX_LOG_BYTES = 1024 * 1024  # then it begins anew, and one older file is kept


def begin_log(verbose: bool, file: str | None) -> None:
    """Tell what happens from now on; RuntimeError when the file cannot be written."""
    logging.raiseExceptions = False  # a log that cannot be written is no reason to stop
    handler: logging.Handler = ErrorHandler() if file is None else open_log_file(file)
    handler.setFormatter(LineFormatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.DEBUG if verbose else logging.INFO)
    logging.getLogger("asyncio").setLevel(logging.WARNING)


def open_log_file(file: str) -> logging.Handler:
    """Open a file that does not grow for ever, if it can be written; RuntimeError if not."""
    try:
        return _LogFile(file, maxBytes=MAX_LOG_BYTES, backupCount=1, encoding="utf-8")
    except OSError as error:
        raise RuntimeError(
            f"Cannot write the log file {file}: {error.strerror}; name another one with --log-file"
        ) from None


class _LogFile(RotatingFileHandler):
    def _open(self) -> TextIO:  # type: ignore[override]
        """Open it for its owner only: it tells who visits."""
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return os.fdopen(descriptor, "a", encoding=self.encoding)

    def doRollover(self) -> None:  # noqa: N802 - logging's name
        """Begin anew, but where the folder lets none make another file."""
        try:
            super().doRollover()
        except OSError:
            pass  # the next line opens the file again
