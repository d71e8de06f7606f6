"""Where `run` tells what it does: on the standard error, or in a file."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path
from typing import BinaryIO

from .line_handler import LineHandler
from .line_writer import ERRORS, LineWriter
from .unseen import LineFormatter

LOG_NAME = "glosson.log"  # of an installed `run`, in the state folder
MAX_LOG_BYTES = 1024 * 1024  # then it begins anew, and one older file is kept


def begin_log(verbose: bool, file: str | None) -> None:
    """Tell what happens from now on; RuntimeError when the file cannot be written."""
    logging.raiseExceptions = False  # a log that cannot be written is no reason to stop
    handler = LineHandler(ERRORS) if file is None else open_log_file(file)
    handler.setFormatter(LineFormatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.DEBUG if verbose else logging.INFO)
    logging.getLogger("asyncio").setLevel(logging.WARNING)


def open_log_file(file: str) -> LineHandler:
    """Open a file that does not grow for ever, if it can be written; RuntimeError if not."""
    try:
        return LineHandler(LineWriter(_LogFile(Path(file)).write))
    except OSError as error:
        raise RuntimeError(
            f"Cannot write the log file {file}: {error.strerror}; name another one with --log-file"
        ) from None


class _LogFile:
    """A file to append lines to, of which there are two at most."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._begin(path)

    def _begin(self, path: Path) -> BinaryIO:
        """Open it for its owner only: it tells who visits. A pipe is not waited for."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0)
        self._file = os.fdopen(os.open(path, flags, 0o600), "ab", buffering=0)
        found = os.fstat(self._file.fileno())
        self._bounded, self._size = stat.S_ISREG(found.st_mode), found.st_size
        return self._file

    def _is_gone(self, file: BinaryIO) -> bool:
        """Tell whether another program has put it aside, as logrotate(8) does, or removed it."""
        try:
            return not os.path.samestat(os.fstat(file.fileno()), self._path.stat())
        except FileNotFoundError:
            return True
        except OSError:
            return False

    def write(self, data: bytes) -> int | None:
        """Write some of it; tell how many bytes, None where it takes none by now."""
        if self._file is not None and self._is_gone(self._file):
            self._file.close()
            self._file = None
            self._size = 0
        if self._bounded and self._size > 0 and self._size + len(data) > MAX_LOG_BYTES:
            self._put_aside()
        file = self._file or self._begin(self._path)
        taken = file.write(data)
        self._size += taken or 0
        return taken

    def _put_aside(self) -> None:
        """Begin anew, but where the folder lets none make another file."""
        if self._file is not None:
            self._file.close()
            self._file = None
        try:
            self._path.replace(self._path.with_name(f"{self._path.name}.1"))
        except OSError:
            pass  # a log that is too long is better than none
        self._begin(self._path)
        self._size = 0
