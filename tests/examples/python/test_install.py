"""`install` and its like, as far as nothing has to be installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from client import SOURCE
from glosson.exit_codes import USAGE
from glosson.install import install, job_name
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


def test_folders_that_read_alike_have_jobs_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/home/kay/x/../.config")
    assert job_name(Path("/home/kay/.config/glosson")) == "glosson"
    # As `printf %s /home/kay/a-b | sha256sum` has it.
    assert job_name(Path("/home/kay/a-b")) == "glosson-home-kay-a-b-3eaa6f24"
    assert job_name(Path("/home/kay/a/b")) == "glosson-home-kay-a-b-212a0021"
    assert job_name(Path("/home/kay/\u00e9")) == "glosson-home-kay-ac3d26e4"
    for name in ("XDG_CONFIG_HOME", "HOME", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    assert job_name(Path("/s")).startswith("glosson-s-")
