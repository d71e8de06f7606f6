"""Names below the page's own, and what the relay gives of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from client import Client, Relay
from glosson import arguments
from glosson.identity import Identity, check_identity
from glosson.options import RunOptions, SetupOptions
from glosson.state import State


def identity_of(client: Client) -> Identity:
    saved = State(client.state).identity()
    assert saved is not None
    return check_identity(saved, client.hostname, 0)


def page_of(client: Client, host: str, name: str) -> int:
    visitor = client.visit(name=name)
    visitor.send(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
    return visitor.answer()[0]


def test_names_below_are_certified_answered_for_and_kept(relay: Relay, tmp_path: Path) -> None:
    client = Client(relay, "below", tmp_path)
    client.setup("--also", "www", "--also", "app", "--also", "www")
    app, www = (f"{label}.{client.hostname}" for label in ("app", "www"))
    assert sorted(identity_of(client).also) == [app, www]
    client.run()
    assert page_of(client, app, app) == 200
    assert page_of(client, client.hostname, client.hostname) == 200
    assert page_of(client, f"git.{client.hostname}", app) == 421
    assert client.stop() == 0

    # What was said last is kept, and a name that is missing is asked for at once.
    client.run("--also", "git")
    client.logged("Certificate renewed")
    git = f"git.{client.hostname}"
    assert identity_of(client).also == (git,)
    assert page_of(client, git, git) == 200
    assert client.stop() == 0
    assert json.loads(State(tmp_path).path("account.json").read_text())["also"] == ["git"]

    # The relay gives two: what there is goes on.
    client.run("--also", "a", "--also", "b", "--also", "git")
    client.logged("The relay does not give")
    assert identity_of(client).also == (git,)
    assert page_of(client, git, git) == 200
    assert client.stop() == 0
    client.run("--no-also")
    assert page_of(client, git, git) == 421
    assert client.stop() == 0
    assert "also" not in json.loads(State(tmp_path).path("account.json").read_text())


def test_setup_does_with_fewer_names(relay: Relay, tmp_path: Path) -> None:
    client = Client(relay, "fewer", tmp_path)
    client.setup("--also", "a", "--also", "b", "--also", "c")
    assert identity_of(client).also == ()


def test_command_lines(capsys: pytest.CaptureFixture[str]) -> None:
    run = arguments.parse(["run", "--also", "www", "--also", "app", "--also", "www"])
    assert isinstance(run, RunOptions) and run.also == ("app", "www")
    none = arguments.parse(["run", "--no-also"])
    assert isinstance(none, RunOptions) and none.also == ()
    setup = arguments.parse(["setup", "kaylee"])
    assert isinstance(setup, SetupOptions) and setup.also is None
    many = [word for number in range(11) for word in ("--also", f"a{number}")]
    for line in (
        *(["run", "--also", "a", "--no-also"], ["run", *many], ["setup", *many]),
        *(["run", "--also", "a.b"], ["setup", "--also", "-a"], ["run", "--also", "xn--a"]),
    ):
        with pytest.raises(SystemExit) as ended:
            arguments.parse(line)
        assert ended.value.code == 2, line
    assert "cannot be a name below yours" in capsys.readouterr().err
