"""The user's own systemd keeps it running."""

from __future__ import annotations

import os
from pathlib import Path

from . import exit_codes
from .service import ABSENT, RUNNING, STOPPED, Job, must_run, run_program, write_own

RESTART_S = 10  # before it is started again

LINGER = (
    "It ends when you log out, and begins when you log in. For it to run from the start of the "
    "computer on: loginctl enable-linger"
)


class Systemd:
    """systemd.service(5), systemctl(1)."""

    label = "systemd --user"

    def is_here(self) -> bool:
        """Whether this user has one."""
        return run_program(*_SYSTEMCTL, "show", "--property=Version").code == 0

    def install(self, job: Job) -> list[str]:
        """Write the unit, and start it anew."""
        write_own(_path(job), unit_text(job))
        must_run(*_SYSTEMCTL, "daemon-reload")
        must_run(*_SYSTEMCTL, "enable", _unit(job))
        must_run(*_SYSTEMCTL, "restart", _unit(job))
        user = [os.environ["USER"]] if os.environ.get("USER") else []
        linger = run_program("loginctl", "show-user", *user, "--property=Linger").out
        return [] if linger.strip() == "Linger=yes" else [LINGER]

    def uninstall(self, job: Job) -> None:
        """Stop it and remove the unit."""
        if _path(job).exists():
            must_run(*_SYSTEMCTL, "disable", "--now", _unit(job))
            _path(job).unlink(missing_ok=True)
            must_run(*_SYSTEMCTL, "daemon-reload")

    def state(self, job: Job) -> str:
        """Ask how the unit is."""
        if not _path(job).exists():
            return ABSENT
        active = run_program(*_SYSTEMCTL, "is-active", "--quiet", _unit(job))
        return RUNNING if active.code == 0 else STOPPED


_SYSTEMCTL = ("systemctl", "--user", "--no-pager")


def _unit(job: Job) -> str:
    return f"{job.name}.service"


def _path(job: Job) -> Path:
    config = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(config, "systemd", "user", _unit(job))


def unit_text(job: Job) -> str:
    """Return the unit."""
    return f"""\
# Written by glosson install; glosson uninstall takes it away.
[Unit]
Description=glosson: https://{job.hostname}
StartLimitIntervalSec=0

[Service]
ExecStart={" ".join(map(_quoted, job.argv))}
WorkingDirectory={str(job.folder).replace("%", "%%")}
Restart=on-failure
RestartSec={RESTART_S}
# Another computer has the name now, the token is void, and the like.
RestartPreventExitStatus={" ".join(map(str, exit_codes.FINAL))}

[Install]
WantedBy=default.target
"""


def _quoted(word: str) -> str:
    """Return a word of a command line; nothing in it is replaced."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped.replace("$", "$$")}"'
