"""`@reboot` of cron, where there is nothing better: a script that starts `run` again."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from . import exit_codes
from .service import (
    ABSENT,
    NOT_FOUND,
    RUNNING,
    STOPPED,
    Job,
    must_run,
    run_program,
    write_own,
)

RESTART_S = 10  # before it is started again

_LIST = ("crontab", "-l")
# It fails where there is no table yet: so it is said by those of Linux, and by BusyBox.
_NO_TABLE = re.compile(r"no crontab for|can't open '[^'/]*': No such file")


class Cron:
    """crontab(1), crontab(5)."""

    label = "cron"

    def is_here(self) -> bool:
        """Whether there is one."""
        return run_program(*_LIST).code != NOT_FOUND

    def install(self, job: Job) -> list[str]:
        """Write the script, have it started at each start of the computer, and start it."""
        others = _others(job)
        _stop(job)
        write_own(_script(job), keep_running_script(job))
        script, pid = shlex.quote(str(_script(job))), shlex.quote(str(_pid_file(job)))
        start = f"setsid sh {script} </dev/null >/dev/null 2>&1 & echo $! > {pid}"
        # A percent sign ends the command.
        line = "@reboot {} {}".format(start.replace("%", "\\%"), _mark(job))
        must_run("crontab", "-", given="\n".join([*others, line, ""]))
        must_run("sh", "-c", start)
        return []

    def uninstall(self, job: Job) -> None:
        """Take the line away, and stop the script and what it runs."""
        if _script(job).exists():
            must_run("crontab", "-", given="\n".join([*_others(job), ""]))
            _stop(job)
            _script(job).unlink(missing_ok=True)
            _pid_file(job).unlink(missing_ok=True)

    def state(self, job: Job) -> str:
        """Look for the script."""
        if not _script(job).exists():
            return ABSENT
        return STOPPED if _group(job) is None else RUNNING


def keep_running_script(job: Job) -> str:
    """Return a script of `sh` that starts a program again when it failed.

    It ends when the program was asked to end, or says that the same again is of no use.
    """
    return f"""\
#!/bin/sh
# Written by glosson install; glosson uninstall takes it away.
cd {shlex.quote(str(job.folder))} || exit 0
while :; do
  {shlex.join(job.argv)}
  code=$?
  # Failed, or ended by a signal.
  [ $code -eq {exit_codes.FAILED} ] || [ $code -ge 128 ] || exit 0
  sleep {RESTART_S}
done
"""


def _script(job: Job) -> Path:
    return job.state / "keep-running.sh"


def _pid_file(job: Job) -> Path:
    return job.state / "keep-running.pid"


def _mark(job: Job) -> str:
    """Return what the job's line ends with, by which it is found again."""
    return f"# {job.name}: written by glosson install"


def _others(job: Job) -> list[str]:
    """Return the lines of the table that are not the job's, as they are."""
    ran = run_program(*_LIST)
    if ran.code != 0:
        if not _NO_TABLE.search(ran.complaint):
            said = ran.complaint.strip()
            raise RuntimeError(f"Cannot read the table of cron: crontab -l says: {said}")
        return []
    lines = ran.out.removesuffix("\n").split("\n") if ran.out else []
    return [line for line in lines if not line.endswith(_mark(job))]


def _group(job: Job) -> str | None:
    """Return the script's process group, which it leads, while it runs."""
    try:
        pid = _pid_file(job).read_text().strip()
    except OSError:
        return None
    # Another program may have that number by now.
    shown = run_program("ps", "-ww", "-o", "args=", "-p", pid).out
    return pid if pid.isdigit() and str(_script(job)) in shown else None


def _stop(job: Job) -> None:
    group = _group(job)
    if group is not None:
        must_run("kill", "--", f"-{group}")
