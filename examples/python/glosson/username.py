"""Names of users (PROTOCOL)."""

from __future__ import annotations

import re

# A lower-case DNS label of 2 to 63 characters, no punycode.
_USERNAME = re.compile(r"(?!..--)[a-z0-9][a-z0-9-]{0,61}[a-z0-9]")


def read_username(text: str) -> str:
    """Return a name as a person types it; ValueError when it cannot be one."""
    if not _USERNAME.fullmatch(text):
        raise ValueError(f'"{text}" cannot be a name: 2 to 63 of a-z, 0-9 and "-", not at an end')
    return text
