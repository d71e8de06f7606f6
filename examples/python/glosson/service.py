"""What keeps `glosson run` running on this system, after a logout and a restart, as far as it can.

Each way has `is_here`, `install` (which returns hints for the user), `uninstall` and `state`.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

RUNNING, STOPPED, ABSENT = "running", "stopped", "absent"

NOT_FOUND = 127  # a program that is not there, as shells have it


@dataclass(frozen=True)
class Job:
    """What is to be kept running."""

    name: str  # letters, digits and "-"
    state: Path  # the state folder
    hostname: str = ""
    argv: tuple[str, ...] = ()
    folder: Path = Path()  # that it is started in


class ServiceManager(Protocol):
    """One way; its methods raise RuntimeError with what the system's program said."""

    label: str

    def is_here(self) -> bool:
        """Whether this system has it."""

    def install(self, job: Job) -> list[str]:
        """Write what it takes, in the place of an older one, and start it; return hints."""

    def uninstall(self, job: Job) -> None:
        """Stop it and take everything away; nothing where there is nothing."""

    def state(self, job: Job) -> str:
        """Return RUNNING, STOPPED or ABSENT."""


def service_managers() -> list[ServiceManager]:
    """Return what this system may have, best first."""
    from .service_cron import Cron
    from .service_launchd import Launchd
    from .service_systemd import Systemd
    from .service_windows import ScheduledTask

    if sys.platform == "darwin":
        return [Launchd()]
    if sys.platform == "win32":
        return [ScheduledTask()]
    return [Systemd(), Cron()]


class Ran(NamedTuple):
    """How a program ended, and what it wrote."""

    code: int
    out: str
    complaint: str  # what was on its standard error


def run_program(*argv: str, given: str = "") -> Ran:
    """Run a program to its end."""
    try:
        done = subprocess.run(  # noqa: S603
            argv, input=given, text=True, errors="surrogateescape", capture_output=True
        )
    except OSError as error:
        return Ran(NOT_FOUND, "", str(error))
    return Ran(done.returncode, done.stdout, done.stderr)


def must_run(*argv: str, given: str = "") -> None:
    """Run a program that has to do well; RuntimeError with what it wrote when it does not."""
    ran = run_program(*argv, given=given)
    if ran.code != 0:
        said = f"{ran.out}{ran.complaint}".strip()
        raise RuntimeError(f"{' '.join(argv)} failed with code {ran.code}: {said}")


def write_own(path: Path, text: str) -> None:
    """Write a file of the user's own, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
