"""A command that is interrupted before it has begun."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from client import SOURCE


@pytest.mark.skipif(sys.platform == "win32", reason="its signals are others")
@pytest.mark.parametrize("command", ["status", "run", "setup kaylee"])
def test_nothing_is_said_of_what_was_being_loaded(command: str) -> None:
    loading = subprocess.Popen(
        [sys.executable, "-X", "importtime", "-m", "glosson", *command.split()],
        cwd=SOURCE,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert loading.stderr is not None
    said = ""
    # Most comes after it.
    while not (line := loading.stderr.readline()).endswith(" asyncio\n"):
        assert line, said
        said += line
    loading.send_signal(signal.SIGINT)
    _, rest = loading.communicate()
    assert "Traceback" not in rest and "lost sys.stderr" not in rest, rest
    assert loading.returncode in (-signal.SIGINT, 130)
