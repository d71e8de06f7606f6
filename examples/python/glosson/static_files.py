"""Shows the files of a folder."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import stat
from email.utils import formatdate
from pathlib import Path
from typing import BinaryIO

from .body import NONE, Framing
from .conditional import is_not_modified, is_refused, version_of, wanted_range
from .connection import PIECE
from .content_type import ENCODING_BYTES, content_type
from .exchange import Exchange, Site, reason_of
from .file_path import WELL_KNOWN, FilePath, Folder, not_for_us, read_file_path
from .http1 import Fields
from .own_page import answer_own_page

INDEX = "index.html"
READ_BYTES = 4 * PIECE  # of a file at once: each time takes a thread's turn

log = logging.getLogger(__name__)


def static_files(path: Path, kept: Path) -> Site:
    """Return a site that is a folder; OSError or ValueError when it cannot be served.

    A folder in it is shown by its `index.html`, never by a list of what is in it.
    """
    folder = Folder(path, kept)
    if folder.find((INDEX,)) is None:
        log.warning("%s has no %s: its visitors are told that there is nothing", path, INDEX)

    async def site(exchange: Exchange) -> None:
        request = exchange.request
        if request.method not in (b"GET", b"HEAD"):
            await exchange.refuse(405, "Only GET and HEAD here.", (b"Allow", b"GET, HEAD"))
            return
        asked = read_file_path(request.target)
        try:
            found, file = ("nothing-here", None) if asked is None else _look(folder, asked)
        except (OSError, ValueError, RuntimeError) as error:
            # Not 404, for nobody comes back to that.
            log.warning("Cannot read files to show: %s", error)
            found, file = "files-away", None
        if asked is not None and file is not None:
            with file:
                await _answer(exchange, file, _names(asked))
        elif found == "folder":
            # A relative link in the folder's page needs the slash.
            before, question, query = request.target.partition(b"?")
            location = b"./%s/%s%s" % (before.rpartition(b"/")[2], question, query)
            await exchange.refuse(308, "This is a folder.", (b"Location", location))
        else:
            await answer_own_page(exchange, found)

    return site


def _names(asked: FilePath) -> tuple[str, ...]:
    return (*asked.names, INDEX) if asked.is_folder else asked.names


def _look(folder: Folder, asked: FilePath) -> tuple[str, BinaryIO | None]:
    """Return "file" with it open, "folder" for one without its slash, or the page to show.

    OSError, ValueError or RuntimeError when it cannot be told for now.
    """
    found = folder.find(_names(asked))
    if found is not None and found.is_file():
        try:
            return "file", found.open("rb")
        except OSError as error:
            if not not_for_us(error):
                raise
            return "nothing-here", None
    if asked.is_folder:
        found = folder.find(asked.names)
    if found is None or not found.is_dir():
        return "nothing-here", None
    return "no-index" if asked.is_folder else "folder", None


async def _answer(exchange: Exchange, file: BinaryIO, names: tuple[str, ...]) -> None:
    info = os.fstat(file.fileno())
    if not stat.S_ISREG(info.st_mode):
        await answer_own_page(exchange, "nothing-here")
        return
    version = version_of(info)
    fields: Fields = [
        (b"Accept-Ranges", b"bytes"),
        (b"Cache-Control", b"no-cache"),
        (b"ETag", version.etag),
        (b"X-Content-Type-Options", b"nosniff"),
    ]
    if not math.isnan(version.modified):
        fields.append((b"Last-Modified", formatdate(version.modified, usegmt=True).encode()))
    if names[0] == WELL_KNOWN:
        # Made for programs, scripts of other sites' pages among them.
        fields.append((b"Access-Control-Allow-Origin", b"*"))
    request = exchange.request
    if is_refused(request.fields, version):
        await exchange.refuse(412, "The file is not as it was asked for.")
        return
    if is_not_modified(request.fields, version):
        await exchange.begin(304, reason_of(304), fields, NONE)
        return
    wanted = wanted_range(request.fields, version)
    if wanted is not None and len(wanted) == 0:
        size = (b"Content-Range", b"bytes */%d" % version.size)
        await exchange.refuse(416, "There are no such bytes.", size)
        return
    status, part = (200, range(version.size)) if wanted is None else (206, wanted)
    if wanted is not None:
        place = (part.start, part.stop - 1, version.size)
        fields.append((b"Content-Range", b"bytes %d-%d/%d" % place))
    # In a thread: a disk that has to wake up would hold up all visitors.
    in_thread = asyncio.get_running_loop().run_in_executor
    kind = await in_thread(None, content_type, names, lambda: file.read(ENCODING_BYTES))
    fields.append((b"Content-Type", kind.encode()))
    if request.method == b"HEAD":
        fields.append((b"Content-Length", b"%d" % len(part)))
        await exchange.begin(status, reason_of(status), fields, NONE)
        return
    writer = await exchange.begin(status, reason_of(status), fields, Framing("length", len(part)))
    file.seek(part.start)
    left = len(part)
    while left > 0:
        data = await in_thread(None, file.read, min(left, READ_BYTES))
        if not data:
            raise EOFError("the file became shorter while it was read")
        await writer.write(data)
        left -= len(data)
