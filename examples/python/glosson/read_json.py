"""What both folders of state read: JSON of a known kind, and files that may not be there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def read_text(path: Path) -> str | None:
    """Return what is in a file; None where there is none."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def read_json(path: Path, is_right: Callable[[Any], bool], mend: str) -> Any:
    """Return the value in a file; None where there is none.

    :raises RuntimeError: if it is damaged; the message ends with `mend`.
    """
    try:
        text = read_text(path)
        if text is None:
            return None
        value = json.loads(text)
    except ValueError:
        value = None
    if not is_right(value):
        raise RuntimeError(f"Cannot read {path}: it is damaged; {mend}")
    return value
