"""`install` and its like, as far as nothing has to be installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from client import SOURCE
from glosson.exit_codes import USAGE
from glosson.install import install
from glosson.lock import take_lock
from glosson.records import Account
from glosson.state import State

ACCOUNT = Account("kaylee", "kaylee.example", "https://relay.example/", "secret")


@pytest.mark.parametrize("command", ["run", "install", "release"])
def test_that_nothing_is_set_up_is_no_reason_to_start_again(tmp_path: Path, command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "glosson", command, "--state", str(tmp_path)],
        cwd=SOURCE,
        text=True,
        capture_output=True,
    )
    assert done.returncode == USAGE
    assert done.stderr == (
        f"glosson: Nothing is set up in {tmp_path}; begin with python -m glosson setup\n"
    )


def test_a_run_of_the_person_is_not_taken_for_an_installed_one(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.save(ACCOUNT)
    lock = take_lock(state.path("lock"))
    assert lock is not None
    with pytest.raises(RuntimeError, match=r"^Cannot install: another glosson is running with "):
        install((), state)
    lock.release()
