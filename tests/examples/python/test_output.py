"""What a command says, where that cannot be written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from client import SOURCE


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
@pytest.mark.parametrize("buffered", ["", "1"])
@pytest.mark.parametrize("words", ["--help", "run --help", "--version"])
def test_no_room_for_it_is_a_failure_and_no_reader_is_none(words: str, buffered: str) -> None:
    def into(redirection: str) -> tuple[int, str]:
        done = subprocess.run(
            f"PYTHONUNBUFFERED={buffered} {sys.executable} -m glosson {words} {redirection}",
            shell=True,
            cwd=SOURCE,
            text=True,
            capture_output=True,
        )
        return done.returncode, done.stderr

    no_room = "glosson: Cannot write the output: No space left on device\n"
    assert into("> /dev/full") == (1, no_room)
    assert into("| true") == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
@pytest.mark.parametrize("buffered", ["", "1"])
def test_a_wrong_command_line_is_one_where_that_cannot_be_said_either(buffered: str) -> None:
    command = (
        f"PYTHONUNBUFFERED={buffered} {sys.executable} -m glosson run --wrong > /dev/full 2>&1"
    )
    assert subprocess.run(command, shell=True, cwd=SOURCE).returncode == 2
