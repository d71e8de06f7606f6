"""Files with certificates that a person names."""

from __future__ import annotations

from pathlib import Path


def read_pem(path: str, what: str) -> str:
    """Read one; RuntimeError, for the person, where it cannot be read."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RuntimeError(f"Cannot read {what}: {error}") from None
