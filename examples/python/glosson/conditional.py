"""What a visitor has of a file already, and which part of it they want (RFC 9110, 13 and 14)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from .http1 import Fields, values

_RANGE = re.compile(rb"bytes=[ \t]*(\d*)-(\d*)", re.IGNORECASE)


@dataclass(frozen=True)
class Version:
    """What tells one state of a file from another."""

    etag: bytes  # strong, quotes included
    modified: int  # seconds since the epoch, as HTTP knows no finer ones
    size: int


def is_refused(fields: Fields, version: Version) -> bool:
    """Whether the visitor wants another state of the file than there is: the answer is 412."""
    tags = values(fields, b"if-match")
    if tags:
        wanted = [tag.strip() for tag in b",".join(tags).split(b",")]
        return b"*" not in wanted and version.etag not in wanted
    since = _time(values(fields, b"if-unmodified-since"))
    return since is not None and version.modified > since


def is_not_modified(fields: Fields, version: Version) -> bool:
    """Whether the visitor's copy is still good: the answer is 304."""
    tags = values(fields, b"if-none-match")
    if tags:
        known = [tag.strip() for tag in b",".join(tags).split(b",")]
        return b"*" in known or version.etag in [tag[2 * tag.startswith(b"W/") :] for tag in known]
    since = _time(values(fields, b"if-modified-since"))
    return since is not None and version.modified <= since


def wanted_range(fields: Fields, version: Version) -> range | None:
    """Return the bytes that are asked for: None for all, an empty range for none there are (416).

    Several ranges in one request are answered with everything, as is allowed.
    """
    asked = values(fields, b"range")
    match = _RANGE.fullmatch(asked[0].strip()) if len(asked) == 1 else None
    if match is None or match[1] == match[2] == b"":
        return None
    condition = values(fields, b"if-range")
    if condition and condition[0] != version.etag and _time(condition) != version.modified:
        return None
    size = version.size
    if not match[1]:
        return range(max(0, size - int(match[2])), size)
    first = int(match[1])
    if not match[2]:
        return range(first, size)
    last = int(match[2])
    return None if last < first else range(first, min(last + 1, size))


def _time(dates: list[bytes]) -> int | None:
    try:
        return int(parsedate_to_datetime(dates[0].decode("latin-1")).timestamp())
    except (IndexError, TypeError, ValueError, OverflowError):
        return None
