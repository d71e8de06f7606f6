"""The user's own table of cron is kept, whatever its program says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from client import eventually
from glosson.service import RUNNING, Job
from glosson.service_cron import Cron

TABLE = "# mine\n\n0 4 * * *\techo \x0c é\n"


class Crontab:
    """`crontab`, which reads and writes a file."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.table = folder, folder / "table"
        self.table.write_text(TABLE)

    def lists(self, script: str) -> None:
        """Have `crontab -l` do this."""
        program = self.folder / "crontab"
        writes = f'if [ "$1" = - ]; then cat > {self.table}; exit; fi'
        program.write_text(f"#!/bin/sh\n{writes}\n{script}")
        program.chmod(0o700)


@pytest.fixture
def crontab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Crontab:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("COLUMNS", "20")  # as a shell's, in which no path is seen whole
    return Crontab(tmp_path)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job("glosson", tmp_path / "state", "k.example", ("sleep", "60"), tmp_path)


def is_leading(job: Job) -> bool:
    pid = (job.state / "keep-running.pid").read_text().strip()
    return Cron().state(job) == RUNNING and os.getpgid(int(pid)) == int(pid)


def test_a_warning_does_not_get_into_the_table(crontab: Crontab, job: Job) -> None:
    crontab.lists(f"cat {crontab.table}; echo a warning >&2")
    Cron().install(job)
    assert crontab.table.read_text().startswith(f"{TABLE}@reboot ")
    eventually(lambda: is_leading(job), "the script does not run")
    Cron().uninstall(job)
    assert crontab.table.read_text() == TABLE


@pytest.mark.parametrize(
    "said", ["no crontab for kaylee", "crontab: can't open 'kaylee': No such file or directory"]
)
def test_a_table_that_is_not_there_yet_is_made(crontab: Crontab, job: Job, said: str) -> None:
    crontab.lists(f'echo "{said}" >&2; exit 1')
    Cron().install(job)
    assert crontab.table.read_text().startswith("@reboot ")
    eventually(lambda: is_leading(job), "the script does not run")
    Cron().uninstall(job)


def test_a_table_that_cannot_be_read_is_left_alone(crontab: Crontab, job: Job) -> None:
    crontab.lists("echo the disk is broken >&2; exit 1")
    why = "^Cannot read the table of cron: crontab -l says: the disk is broken$"
    with pytest.raises(RuntimeError, match=why):
        Cron().install(job)
    assert not job.state.exists()
    job.state.mkdir()
    (job.state / "keep-running.sh").touch()
    with pytest.raises(RuntimeError, match=why):
        Cron().uninstall(job)
    assert crontab.table.read_text() == TABLE
