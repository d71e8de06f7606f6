"""From the target of a request to a file in a folder, and never to one outside of it."""

from __future__ import annotations

import errno
import os
import re
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes

MAX_TARGET = 4096

WELL_KNOWN = ".well-known"  # where programs look for things at fixed names (RFC 8615)

# What Windows takes for something else than a name: streams, patterns, devices, what it trims.
_NO_WINDOWS_NAME = re.compile(
    r'[\x00-\x1f<>:"\\|?*]|[. ]$|'
    r"^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?:[ .]|$)",
    re.IGNORECASE,
)


# What is the matter with a path for good; anything else is of a disk, or of this program's limits.
_STAYING_FAULTS = (
    *(errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM),
    *(errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL),
)


def not_for_us(error: OSError) -> bool:
    """Whether it says that nothing is there, or nothing to read: to a visitor it is the same."""
    return error.errno in _STAYING_FAULTS


@dataclass(frozen=True)
class FilePath:
    """What a target names in a folder."""

    names: tuple[str, ...]  # from the folder down; none for the folder itself
    is_folder: bool  # it ended in a slash


def read_file_path(target: bytes, windows: bool = sys.platform == "win32") -> FilePath | None:
    """Read the path of a target; None when it names nothing that may be served.

    Each name is decoded once and on its own, so that no encoding makes a separator; slashes in a
    row are one, as file systems and other servers of files have it. Dot segments are taken out as
    in any URL (RFC 3986 section 5.2.4), encoded ones too (section 6.2.2): programs that make an
    address of parts, unlike browsers, send them.
    """
    path = target.partition(b"?")[0]
    if not path.startswith(b"/") or len(path) > MAX_TARGET:
        return None
    parts: list[bytes] = []
    for part in map(unquote_to_bytes, path[1:].split(b"/")):
        is_folder = part in (b"", b".", b"..")
        if part == b"..":
            del parts[-1:]
        elif part != b".":
            parts.append(part)
    names = []
    for part in filter(None, parts):
        try:
            name = part.decode()
        except UnicodeDecodeError:
            return None
        if "/" in name or "\0" in name or (windows and _NO_WINDOWS_NAME.search(name)):
            return None
        names.append(name)
    return None if is_hidden(names) else FilePath(tuple(names), is_folder)


def is_hidden(names: list[str] | tuple[str, ...]) -> bool:
    """Whether these lead to what is not for visitors: names that begin with a dot, but one."""
    return any(
        name.startswith(".") and not (at == 0 and name == WELL_KNOWN)
        for at, name in enumerate(names)
    )


class Folder:
    """A folder that is served, without the one that this program keeps its secrets in."""

    def __init__(self, path: Path, kept: Path) -> None:
        """Serve `path` but `kept`; OSError when it is not there."""
        self._given = path
        self._kept = kept.resolve()
        self.path = self._open()

    def _open(self) -> Path:
        given = f"Cannot serve {self._given}"
        try:
            path = self._given.resolve(strict=True)
        except FileNotFoundError:
            raise FileNotFoundError(f"{given}: there is no such folder") from None
        if not path.is_dir():
            raise NotADirectoryError(f"{given}: it is not a folder")
        if self._is_kept(path):
            raise ValueError(f"{given}: the token and the key of this glosson are kept there")
        return path

    def find(self, names: tuple[str, ...]) -> Path | None:
        """Return what is there, symbolic links followed, if it is for visitors.

        Programs compose letters with accents in one of two ways, and a file from another system
        is not always named in the way that links to it are written: either one finds it.

        OSError or ValueError when the folder itself is away, or it cannot be told for now.
        """
        try:
            # It may be a link that was pointed elsewhere.
            if self._given.resolve(strict=True) != self.path:
                self.path = self._open()
        except (OSError, ValueError, RuntimeError):
            # Where nothing has its name it is being replaced, by being removed first.
            if os.path.lexists(self._given):
                raise
        found = self._served(self.path.joinpath(*names))
        if found is not None:
            return found
        if not self.path.is_dir():
            raise NotADirectoryError(f"Cannot serve {self._given}: it is away")
        if "".join(names).isascii():
            return None
        path = self.path
        for name in names:
            composed = unicodedata.normalize("NFC", name)
            forms = (name, composed, unicodedata.normalize("NFD", name))
            there = [path / form for form in forms if os.path.lexists(path / form)]
            if not there:
                return None
            path = there[0]
        return self._served(path)

    def _served(self, path: Path) -> Path | None:
        try:
            real = path.resolve(strict=True)
            if is_hidden(real.relative_to(self.path).parts) or self._is_kept(real, self.path):
                return None
        except OSError as error:
            if not_for_us(error):
                return None
            raise
        except (ValueError, RuntimeError):
            return None  # not within the folder, or a circle of links
        return real

    def _is_kept(self, path: Path, top: Path | None = None) -> bool:
        """Whether a path, at most up to `top`, is the folder that is kept, by whichever name."""
        for folder in (path, *path.parents):
            if folder == self._kept:
                return True
            try:
                if folder.samefile(self._kept):
                    return True
            except OSError:
                continue
            if folder == top:
                break
        return False
