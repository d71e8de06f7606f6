"""What a visitor has of a file already, and which part of it they want (RFC 9110, 13 and 14)."""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass
from datetime import timezone
from email.utils import parsedate_to_datetime

from .http1 import Fields, values

NO_TIME_S = 1  # of the last change; means nothing: reproducible builds and stores give it to all

_RANGE = re.compile(rb"bytes=[ \t]*(\d*)-(\d*)", re.IGNORECASE)
_MOST_DIGITS = 18  # no file reaches such a number, and of many more `int` refuses to read any


@dataclass(frozen=True)
class Version:
    """What tells one state of a file from another."""

    etag: bytes  # strong, quotes included
    modified: float  # whole seconds since the epoch, as HTTP knows no finer ones; NaN if unknown
    size: int


def version_of(info: os.stat_result) -> Version:
    """Return what tells this state of a file from another.

    Also from one of the same size to which somebody, or some program, gave the same time of change.
    """
    etag = b'"%x-%x-%x"' % (info.st_size, info.st_mtime_ns, info.st_ctime_ns)
    modified = math.floor(info.st_mtime)
    return Version(etag, modified if modified > NO_TIME_S else math.nan, info.st_size)


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

    Several ranges in one request are answered with everything, as is allowed, and so is a part of
    nothing: players and downloaders that always ask for parts take an error for a failure.
    """
    asked = values(fields, b"range")
    match = _RANGE.fullmatch(asked[0].strip()) if len(asked) == 1 else None
    if version.size == 0 or match is None or match[1] == match[2] == b"":
        return None
    condition = values(fields, b"if-range")
    if condition and condition[0] != version.etag and _time(condition) != version.modified:
        return None
    size = version.size
    if not match[1]:
        return range(max(0, size - _number(match[2])), size)
    first = _number(match[1])
    if not match[2]:
        return range(first, size)
    last = _number(match[2])
    return None if last < first else range(first, min(last + 1, size))


def _number(digits: bytes) -> int:
    return int(digits.lstrip(b"0")[:_MOST_DIGITS] or b"0")


def _time(dates: list[bytes]) -> int | None:
    try:
        time = parsedate_to_datetime(dates[0].decode("latin-1"))
        # The oldest form names no zone, and means this one (RFC 9110, 5.6.7).
        return int((time if time.tzinfo else time.replace(tzinfo=timezone.utc)).timestamp())
    except (IndexError, TypeError, ValueError, OverflowError):
        return None
