"""`glosson install`, `uninstall` and `logs`: being online from now on, and what was said."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from pathlib import Path

from .lock import lock_folder
from .log_file import LOG_NAME
from .service import ABSENT, RUNNING, Job, ServiceManager, service_managers
from .state import State
from .state_folder import state_folder
from .terminal import say

HASH_LENGTH = 8  # digits of a folder's in the name of its job


def install(run_args: tuple[str, ...], state: State) -> None:
    """Have this system keep `run` running with these arguments; RuntimeError, for the person."""
    account = state.needed_account()
    found, job = _found(state), _job(state)
    if found is None or found[1] != RUNNING:
        # An installed one that runs gives way to the new one, others do not.
        lock_folder(state.folder, "install").release()
    manager = _here() if found is None else found[0]
    own = ("--state", str(job.state), "--log-file", str(job.state / LOG_NAME))
    argv = (sys.executable, "-m", "glosson", "run", *run_args, *own)
    hints = manager.install(Job(job.name, job.state, account.hostname, argv, Path.cwd()))
    page = f"https://{account.hostname}"
    say(f"glosson runs now, by {manager.label}, and goes on by itself: {page}")
    for hint in hints:
        say(hint)
    say("See status, and logs. uninstall ends it.")


def uninstall(state: State) -> None:
    """Take away what `install` made."""
    found = _found(state)
    if found is None:
        raise RuntimeError("Nothing is installed; install does that")
    found[0].uninstall(_job(state))
    say("glosson runs no more, and does not begin by itself.")


def installed(state: State) -> dict[str, str] | None:
    """Tell what keeps it running, and how it is."""
    found = _found(state)
    return None if found is None else {"by": found[0].label, "state": found[1]}


def logs(lines: int, state: State) -> None:
    """Tell the last lines of what an installed `run` said."""
    last = last_lines(state, lines)
    if not last:
        raise RuntimeError(
            f"There is no log in {state.folder}: install makes one; run tells here what it does"
        )
    for line in last:
        say(line)


def last_lines(state: State, count: int) -> list[str]:
    """Return the end of the log; nothing where there is none."""
    text = ""
    for name in (f"{LOG_NAME}.1", LOG_NAME):
        try:
            text += state.path(name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            pass  # not there
    return text.splitlines()[-count:]


def _job(state: State) -> Job:
    folder = _whole(state.folder)
    return Job(job_name(folder), folder)


def job_name(folder: Path) -> str:
    """Return the job's name: each state folder has one, the usual one's is plain."""
    try:
        usual = _whole(state_folder(None, {**os.environ, "GLOSSON_STATE": ""}))
    except RuntimeError:
        usual = None
    if folder == usual:
        return "glosson"
    readable = re.sub(r"[^A-Za-z0-9]+", "-", str(folder)).strip("-")
    # Folders that read alike are told apart by it.
    told_apart = hashlib.sha256(os.fsencode(folder)).hexdigest()[:HASH_LENGTH]
    return f"glosson-{readable}-{told_apart}"


def _whole(folder: Path) -> Path:
    """Return its absolute path without `..`, as the reference client has it."""
    return Path(os.path.abspath(folder))  # noqa: PTH100


def _found(state: State) -> tuple[ServiceManager, str] | None:
    """Return the manager that has the job, and how that is."""
    for manager in service_managers():
        how = manager.state(_job(state))
        if how != ABSENT:
            return manager, how
    return None


def _here() -> ServiceManager:
    """Return the best manager of this system."""
    for manager in service_managers():
        if manager.is_here():
            return manager
    labels = " or ".join(manager.label for manager in service_managers())
    raise RuntimeError(
        f"Cannot install: this system has no {labels} for this user; have it start "
        "python -m glosson run by whatever starts its services"
    )
