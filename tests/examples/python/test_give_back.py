"""A name that an unfinished rename left is given back with the next one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from client import Client, Relay
from glosson.exit_codes import UNAUTHORIZED
from glosson.records import PendingClaim
from glosson.state import State


@pytest.fixture
def former(relay: Relay, tmp_path: Path) -> Client:
    client = Client(relay, "former", tmp_path / "former")
    client.setup()
    return client


@pytest.fixture
def renamed(relay: Relay, tmp_path: Path, former: Client) -> Client:
    """What an interrupted rename leaves."""
    client = Client(relay, "renamed", tmp_path / "renamed")
    client.setup()
    shutil.copy(former.state / "account.json", client.state / "former.json")
    return client


def test_release_gives_both_names_back_and_forgets_all(former: Client, renamed: Client) -> None:
    claim = PendingClaim("https://r/", "a", "a.example", "secret", "glosson-x", "2026")
    State(renamed.state).save(claim)
    done = renamed.call("release", "--yes")
    assert done.returncode == 0, done.stderr
    assert sorted(file.name for file in renamed.state.iterdir()) == ["keys.json", "lock"]
    assert former.call("run").returncode == UNAUTHORIZED


def test_setup_of_another_name_gives_the_former_one_back(
    relay: Relay, former: Client, renamed: Client
) -> None:
    other = Client(relay, "other", renamed.state)
    other.setup("--force")
    assert not (renamed.state / "former.json").exists()
    assert former.call("run").returncode == UNAUTHORIZED


def test_the_same_name_set_up_again_is_kept(relay: Relay, renamed: Client) -> None:
    shutil.copy(renamed.state / "account.json", renamed.state / "former.json")
    renamed.setup("--force")
    assert not (renamed.state / "former.json").exists()
    assert renamed.call("status").returncode in (0, 1)
    assert State(renamed.state).account() is not None
