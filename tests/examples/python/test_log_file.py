"""The file that an installed `run` writes to."""

from __future__ import annotations

import logging
import os
import resource
import select
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from client import PATIENCE_S, SOURCE
from glosson import log_file
from glosson.log_file import open_log_file


def tell(handler: logging.Handler, text: str) -> None:
    handler.handle(logging.makeLogRecord({"msg": text}))
    handler.flush()


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


def test_a_log_goes_on_at_its_path_when_another_program_has_put_it_aside(tmp_path: Path) -> None:
    path, aside = tmp_path / "log", tmp_path / "aside"
    handler = open_log_file(str(path))
    tell(handler, "first")
    path.rename(aside)
    tell(handler, "second")
    assert (aside.read_text(), path.read_text()) == ("first\n", "second\n")
    path.unlink()
    tell(handler, "third")
    assert path.read_text() == "third\n"
    os.truncate(path, 0)
    tell(handler, "fourth")
    handler.close()
    assert path.read_text() == "fourth\n"


def test_nothing_waits_for_a_pipe_that_nobody_reads(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(RuntimeError, match="Cannot write the log file"):
        open_log_file(str(path))
    reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    handler = open_log_file(str(path))
    long = logging.makeLogRecord({"msg": "x" * 65_536})

    def tell_all() -> None:
        for _ in range(40):
            handler.handle(long)

    telling = threading.Thread(target=tell_all, daemon=True)
    telling.start()
    telling.join(PATIENCE_S)
    assert not telling.is_alive()
    left = 40 * 65_537
    while left:
        assert select.select([reading], [], [], PATIENCE_S)[0]
        left -= len(os.read(reading, left))
    os.close(reading)
    assert path.is_fifo()


def test_a_full_disk_is_told_when_there_is_room_again(tmp_path: Path) -> None:
    path = tmp_path / "log"
    handler = open_log_file(str(path))
    tell(handler, "first")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
        tell(handler, "second"), tell(handler, "third")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, old)
    tell(handler, "fourth")
    told = "Log lines are missing, which could not be written: 2"
    assert path.read_text() == f"first\nseco\n{told}\nfourth\n"


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
