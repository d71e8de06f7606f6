"""What keeps an installed client running, as far as no system of its own is needed."""

from __future__ import annotations

import os
import plistlib
import subprocess
import xml.etree.ElementTree
from pathlib import Path

import pytest

from glosson import arguments
from glosson.install import LOG_NAME, last_lines
from glosson.options import InstallOptions
from glosson.service import RUNNING, STOPPED, Job, must_run
from glosson.service_cron import keep_running_script
from glosson.service_launchd import plist
from glosson.service_systemd import unit_text
from glosson.service_windows import ScheduledTask, task
from glosson.state import State

ODD = ("a b", 'it\'s "so"', "50%", "$HOME", "\\n", "<&>", "#")


@pytest.mark.parametrize(
    ("code", "starts"), [(0, 1), (1, 2), (2, 1), (3, 1), (4, 1), (5, 1), (6, 1), (137, 2)]
)
def test_a_program_is_started_again_when_that_can_help(
    tmp_path: Path, code: int, starts: int
) -> None:
    count = tmp_path / "count"
    # The second time it is asked to end.
    program = f"echo x >> {count}; [ $(wc -l < {count}) -gt 1 ] && exit 0; exit {code}"
    job = Job("glosson", tmp_path, argv=("sh", "-c", program), folder=tmp_path)
    (tmp_path / "sleep").write_text("#!/bin/sh\n")
    (tmp_path / "sleep").chmod(0o700)
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    subprocess.run(["sh", "-c", keep_running_script(job)], env=env, check=True)
    assert count.read_text() == "x\n" * starts


def test_words_are_passed_on_as_they_are(tmp_path: Path) -> None:
    out = tmp_path / "out"
    program = f'pwd > {out}; for word in "$@"; do printf "%s\\n" "$word" >> {out}; done'
    job = Job("glosson", tmp_path, "k.example", ("sh", "-c", program, "sh", *ODD), tmp_path)
    subprocess.run(["sh", "-c", keep_running_script(job)], check=True)
    assert out.read_text().splitlines() == [str(tmp_path), *ODD]
    assert plistlib.loads(plist(job))["ProgramArguments"][2] == keep_running_script(job)
    assert plistlib.loads(plist(job))["KeepAlive"] == {"SuccessfulExit": False}
    schema = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
    root = xml.etree.ElementTree.fromstring(task(job))
    words = root.find(f".//{schema}Arguments")
    assert words is not None and words.text == subprocess.list2cmdline(job.argv[1:])
    assert root.findtext(f".//{schema}RestartOnFailure/{schema}Count") == "3"
    unit = unit_text(job)
    assert '"a b" "it\'s \\"so\\"" "50%%" "$$HOME" "\\\\n" "<&>" "#"' in unit
    assert "RestartPreventExitStatus=2 3 4 5 6\n" in unit


@pytest.mark.parametrize(("result", "state"), [(267009, RUNNING), (1, STOPPED)])
def test_a_task_is_known_to_run_in_every_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, result: int, state: str
) -> None:
    program = tmp_path / "schtasks"
    line = f'"PC","\\\\glosson","N/A","Wird ausgeführt","Interaktiv","N/A","{result}"'
    program.write_text(f"#!/bin/sh\nprintf '%s\\n' '{line}'\n", encoding="utf-8")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ScheduledTask().state(Job("glosson", tmp_path)) == state


def test_what_a_program_said_that_failed_is_told_whatever_it_was_run_for() -> None:
    with pytest.raises(RuntimeError, match=r"^sh -c .* failed with code 3: a\nno bus$"):
        must_run("sh", "-c", "echo a; echo no bus >&2; exit 3")


def test_the_arguments_of_an_installed_run_have_neither_folder_nor_log(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = arguments.parse(["install", "--state", "/s", "-v", "--pool", "3"])
    assert told == InstallOptions(("-v", "--pool", "3"), "/s")
    assert arguments.parse(["install", "--pool=3", "--state=/s"]) == InstallOptions(
        ("--pool=3",), "/s"
    )
    with pytest.raises(SystemExit):
        arguments.parse(["install", "--upstream", "x:y"])
    with pytest.raises(SystemExit):
        arguments.parse(["install", "--log-file", "x"])
    assert "an installed one writes to the state folder" in capsys.readouterr().err


def test_the_end_of_the_log_goes_on_over_its_files(tmp_path: Path) -> None:
    state = State(tmp_path)
    assert last_lines(state, 3) == []
    state.path(f"{LOG_NAME}.1").write_text("1\n2\n")
    state.path(LOG_NAME).write_text("3\n")
    assert last_lines(state, 2) == ["2", "3"]
