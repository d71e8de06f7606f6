"""Writes a file that only its owner can read, whole at every moment."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_privately(path: Path, text: str, lasting: bool = True) -> None:
    """Write it aside and rename it; raises OSError, and then leaves what was there.

    Where it need not outlast a loss of power (`lasting`), nobody waits for the disk.
    """
    aside = path.with_name(f"{path.name}.{secrets.token_hex(8)}.new")
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            if lasting:
                os.fsync(file.fileno())
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
