"""The file that an installed `run` writes to."""

from __future__ import annotations

import logging
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from client import SOURCE
from glosson import log_file
from glosson.log_file import open_log_file


def tell(handler: logging.Handler, text: str) -> None:
    handler.handle(logging.makeLogRecord({"msg": text}))


def test_a_log_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "log"
    handler = open_log_file(str(path))
    tell(handler, "é")
    handler.close()
    assert path.read_bytes() == "é\n".encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_log_that_cannot_begin_anew_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_file, "MAX_LOG_BYTES", 8)
    path = tmp_path / "log"
    handler = open_log_file(str(path))
    tell(handler, "first")
    tell(handler, "second")
    older = tmp_path / "log.1"
    assert (older.read_text(), path.read_text()) == ("first\n", "second\n")
    older.unlink()
    older.mkdir()  # whoever runs the test may write everywhere, but not over a folder
    for text in ("third", "fourth"):
        tell(handler, text)
    handler.close()
    assert path.read_text() == "second\nthird\nfourth\n"


def test_a_log_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    path = tmp_path / "not" / "there"
    done = subprocess.run(
        [sys.executable, "-m", "glosson", "run", "--state", str(tmp_path), "--log-file", str(path)],
        cwd=SOURCE,
        text=True,
        capture_output=True,
    )
    assert done.returncode == 1
    assert done.stderr == (
        f"glosson: Cannot write the log file {path}: No such file or directory; "
        "name another one with --log-file\n"
    )
