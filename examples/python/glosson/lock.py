"""A lock that is held until it is released or the process ends, however that happens."""

from __future__ import annotations

import os
import sys
from pathlib import Path


class Lock:
    """A lock on an open file, not the file's existence: a crash leaves nothing behind."""

    def __init__(self, descriptor: int) -> None:
        """Hold the lock of an open file."""
        self._descriptor = descriptor

    def release(self) -> None:
        """Release it."""
        os.close(self._descriptor)


def take_lock(path: Path) -> Lock | None:
    """Take the lock at `path`, whose folder exists; None when another process holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return Lock(descriptor)


def lock_folder(folder: Path, doing: str) -> Lock:
    """Take the lock of a state folder, which exists; RuntimeError when another glosson has it."""
    lock = take_lock(folder / "lock")
    if lock is None:
        raise RuntimeError(
            f"Cannot {doing}: another glosson is running with {folder}; stop it first"
        )
    return lock
