"""The task scheduler of Windows keeps it running."""

from __future__ import annotations

import os
import subprocess
from xml.sax.saxutils import escape

from .service import ABSENT, NOT_FOUND, RUNNING, STOPPED, Job, must_run, run_program, write_own

# SCHED_S_TASK_RUNNING, the last result of a task that runs: its state is in the system's language.
IS_RUNNING = 0x41301

# After a failure, a minute later each time. No more: the scheduler does not look at the exit code,
# and after some of them the same again is of no use.
RESTARTS = 3


class ScheduledTask:
    """`schtasks`."""

    label = "the task scheduler"

    def is_here(self) -> bool:
        """Whether this is Windows."""
        return run_program("schtasks", "/Query", "/TN", "\\").code != NOT_FOUND

    def install(self, job: Job) -> list[str]:
        """Create the task, and run it."""
        file = job.state / "task.xml"
        write_own(file, task(job))
        try:
            run_program("schtasks", "/End", "/TN", job.name)
            must_run("schtasks", "/Create", "/F", "/TN", job.name, "/XML", str(file))
            must_run("schtasks", "/Run", "/TN", job.name)
        finally:
            file.unlink(missing_ok=True)
        return ["It begins when you log in."]

    def uninstall(self, job: Job) -> None:
        """End and delete the task."""
        if self.state(job) != ABSENT:
            run_program("schtasks", "/End", "/TN", job.name)
            must_run("schtasks", "/Delete", "/F", "/TN", job.name)

    def state(self, job: Job) -> str:
        """Ask how the task is."""
        asked = run_program("schtasks", "/Query", "/TN", job.name, "/V", "/FO", "CSV", "/NH")
        return ABSENT if asked.code else RUNNING if f'"{IS_RUNNING}"' in asked.out else STOPPED


def task(job: Job) -> str:
    """Return the task, in the scheduler's XML: from the login on, for as long as it takes."""
    user = "\\".join(filter(None, (os.environ.get("USERDOMAIN"), os.environ.get("USERNAME"))))
    return f"""\
<?xml version="1.0"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Description>https://{escape(job.hostname)}</Description></RegistrationInfo>
  <Triggers><LogonTrigger><UserId>{escape(user)}</UserId></LogonTrigger></Triggers>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure><Interval>PT1M</Interval><Count>{RESTARTS}</Count></RestartOnFailure>
    <Hidden>true</Hidden>
  </Settings>
  <Actions><Exec>
    <Command>{escape(job.argv[0])}</Command>
    <Arguments>{escape(subprocess.list2cmdline(job.argv[1:]))}</Arguments>
    <WorkingDirectory>{escape(str(job.folder))}</WorkingDirectory>
  </Exec></Actions>
</Task>
"""
