"""launchd of macOS keeps it running.

It starts again whatever failed, so the script that it runs says what did not.
"""

from __future__ import annotations

import plistlib
import re
from pathlib import Path

from .service import ABSENT, RUNNING, STOPPED, Job, must_run, run_program, write_own
from .service_cron import keep_running_script


class Launchd:
    """launchctl(1), launchd.plist(5)."""

    label = "launchd"

    def is_here(self) -> bool:
        """Whether this is macOS."""
        return run_program("launchctl", "version").code == 0

    def install(self, job: Job) -> list[str]:
        """Write the property list, and load it."""
        run_program("launchctl", "unload", str(_path(job)))
        write_own(_path(job), plist(job).decode())
        must_run("launchctl", "load", "-w", str(_path(job)))
        return ["It begins when you log in."]

    def uninstall(self, job: Job) -> None:
        """Unload and remove it."""
        if _path(job).exists():
            must_run("launchctl", "unload", "-w", str(_path(job)))
            _path(job).unlink(missing_ok=True)

    def state(self, job: Job) -> str:
        """Ask for its process."""
        if not _path(job).exists():
            return ABSENT
        listed = run_program("launchctl", "list", _label(job))
        return RUNNING if listed.code == 0 and re.search(r'"PID" = \d+;', listed.out) else STOPPED


def plist(job: Job) -> bytes:
    """Return the property list."""
    return plistlib.dumps(
        {
            "Label": _label(job),
            "ProgramArguments": ["/bin/sh", "-c", keep_running_script(job)],
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
        }
    )


def _label(job: Job) -> str:
    return f"org.glosson.{job.name}"


def _path(job: Job) -> Path:
    return Path.home() / "Library" / "LaunchAgents" / f"{_label(job)}.plist"
