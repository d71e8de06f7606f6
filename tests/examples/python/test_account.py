"""What changes the account: `away`, `privacy` and `rename`; and that wrong words are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from client import Client, Relay
from glosson.arguments import parse
from glosson.exit_codes import FAILED, UNAUTHORIZED, USAGE
from glosson.records import Account, FormerAccount
from glosson.state import State


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("away",), 'away needs either a "text" in quotation marks or --clear'),
        (("away", "text", "--clear"), 'away needs either a "text" in quotation marks or --clear'),
        (("privacy", "everything"), "privacy is about last-seen or offline-page"),
        (("privacy", "last-seen"), "privacy last-seen is on or off"),
        (("privacy", "offline-page", "on"), "privacy offline-page is full or plain or none"),
        (("rename", "Kaylee"), '"Kaylee" cannot be a name'),
    ],
)
def test_a_wrong_command_line_is_told(
    args: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse([*args])
    assert ended.value.code == USAGE
    assert told in capsys.readouterr().err


def test_a_user_says_what_visitors_see(relay: Relay, tmp_path: Path) -> None:
    client = Client(relay, "away", tmp_path)
    assert client.call("away", "x").returncode == USAGE  # nothing is set up
    client.setup()

    def says(*args: str) -> str:
        done = client.call(*args)
        assert done.returncode == 0, done.stderr
        start = f"While you are away, visitors of {client.hostname} "
        assert done.stdout.startswith(start) and done.stdout.endswith(".\n")
        return done.stdout[len(start) : -2]

    # The joiner within the picture, which has no width, is the user's.
    words = "Back <b>soon</b> \U0001f469\u200d\U0001f4bb"
    assert says("away", words).endswith('your words "Back <b>soon</b> \U0001f469\\u200d\U0001f4bb"')
    assert client.call("status").returncode == 0
    assert says("privacy", "offline-page", "plain") == "see that you are, and nothing else"
    assert says("privacy", "offline-page", "none") == "get no page at all"
    says("privacy", "offline-page", "full")
    assert says("privacy", "last-seen", "off").startswith("see that you are, your words")
    assert says("away", "--clear") == "see that you are"
    long = client.call("away", "x" * 281)
    assert long.returncode == FAILED and "at most 280 characters" in long.stderr
    assert says("privacy", "last-seen", "on") == "see that you are, when you were last online"


@pytest.fixture
def named(relay: Relay, tmp_path: Path) -> Client:
    client = Client(relay, "named", tmp_path)
    client.setup()
    return client


def rename(client: Client, name: str, *args: str) -> tuple[int, str]:
    bio = ("--bio-file", f"{client.relay.bios}/{name}.txt")
    done = client.call("rename", name, "--yes", *bio, *args)
    return done.returncode, done.stdout + done.stderr


def test_the_new_name_is_whole_before_the_old_one_is_given_back(named: Client) -> None:
    new = f"new-{named.name}"
    alone = named.call("rename", new)
    assert alone.returncode == FAILED
    there = f"This claims {new} and then gives {named.hostname} back. To go ahead, add --yes"
    assert there in alone.stderr
    assert rename(named, named.name) == (FAILED, f"glosson: The name is {named.name} already\n")
    named.run()
    code, told = rename(named, new)
    assert code == FAILED and "Cannot rename: another glosson is running" in told
    assert named.stop() == 0

    before = (named.state / "account.json").read_text()
    code, told = rename(named, new)
    assert code == 0, told
    assert f"{named.hostname} is given back." in told
    assert f"Your page is at https://{new}.{named.relay.base}\n" in told
    assert sorted(file.name for file in named.state.iterdir()) == [
        *("account.json", "ca.pem", "identity.pem", "keys.json", "lock")
    ]
    named.name, named.hostname = new, f"{new}.{named.relay.base}"
    named.run()
    assert named.get()[0] == 200
    assert named.stop() == 0
    (named.state / "account.json").write_text(before)
    assert named.call("run").returncode == UNAUTHORIZED


def test_an_interrupted_rename_goes_on(relay: Relay, named: Client, tmp_path: Path) -> None:
    # It ended before the new account was kept, and before a certificate was there.
    state = State(named.state)
    account = state.needed_account()
    state.save(FormerAccount(**vars(account)))
    assert rename(named, named.name)[1] == f"glosson: The name is {named.name} already\n"
    assert state.account(FormerAccount) is None

    other = Client(relay, "other", tmp_path / "other")
    other.setup()
    state.save(FormerAccount(**vars(account)))
    state.save(Account(**vars(State(other.state).needed_account())))
    state.forget_identity()
    code, told = rename(named, "third-name")
    assert code == FAILED
    assert f"Renaming {named.name} to {other.name} is not finished; do rename {other.name}" in told
    code, told = rename(named, other.name)
    assert code == 0, told
    assert f"{named.hostname} is given back." in told
    identity = state.identity()
    assert identity is not None and state.account(FormerAccount) is None
