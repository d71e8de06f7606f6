"""The state folder, keys and command lines."""

from __future__ import annotations

import asyncio
import json
import stat
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from client import PATIENCE_S
from glosson import arguments
from glosson.identity import (
    check_identity,
    fingerprint_of_private_key,
    make_key_and_request,
)
from glosson.known_keys import MAX_KEYS, note_key, own_keys
from glosson.lock import take_lock
from glosson.options import RunOptions, SetupOptions
from glosson.records import Account, PendingClaim, PendingRequest, SavedIdentity
from glosson.state import State
from glosson.state_folder import state_folder


def test_the_state_folder(tmp_path: Path) -> None:
    assert state_folder("a", {"GLOSSON_STATE": "b"}) == Path("a")
    assert state_folder(None, {"GLOSSON_STATE": "b", "HOME": "h"}) == Path("b")
    assert state_folder(None, {"XDG_CONFIG_HOME": "x", "HOME": "h"}) == Path("x/glosson")
    assert state_folder(None, {"HOME": "h", "GLOSSON_STATE": ""}) == Path("h/.config/glosson")
    assert state_folder(None, {"APPDATA": "r"}) == Path("r/glosson")
    with pytest.raises(RuntimeError, match="--state"):
        state_folder(None, {})

    state = State(tmp_path / "new" / "folder")
    assert state.account() is None and state.identity() is None and state.ca() is None
    account = Account("kaylee", "kaylee.example", "https://relay.example/", "secret", "rsa")
    claim = PendingClaim("https://r/", "kaylee", "kaylee.example", "c", "glosson-x", "2026")
    state.save(account), state.save(claim), state.save(PendingRequest("7", "key"))
    state.save_ca("pem")
    assert (state.account(), state.claim()) == (account, claim)
    assert state.request() == PendingRequest("7", "key") and state.ca() == "pem"
    assert own_keys(state) == []
    key, _ = asyncio.run(make_key_and_request(["kaylee.example"], "ecdsa"))
    fingerprint = fingerprint_of_private_key(key)
    note_key(state, key)
    state.forget_identity()
    assert own_keys(state) == [fingerprint]
    state.path("keys.json").write_text(json.dumps(["first", *["other"] * (MAX_KEYS - 1)]))
    note_key(state, key)
    assert own_keys(state) == [*["other"] * (MAX_KEYS - 1), fingerprint]
    assert stat.S_IMODE(state.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in state.folder.iterdir()} == {0o600}
    for damaged in ("{", "{}", '[1, "a"]'):
        state.path("keys.json").write_text(damaged)
        assert own_keys(state) == ["a"] * ("a" in damaged)
    state.path("account.json").write_text("{")
    with pytest.raises(RuntimeError, match="damaged"):
        state.account()


def test_nobody_waits_for_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    others = threading.Event()
    make = rsa.generate_private_key

    def wait(**options: int) -> rsa.RSAPrivateKey:
        assert others.wait(PATIENCE_S), "everything else waited"
        return make(**options)

    monkeypatch.setattr(rsa, "generate_private_key", wait)

    async def main() -> None:
        asyncio.get_running_loop().call_soon(others.set)
        await make_key_and_request(["kaylee.example"], "rsa")

    asyncio.run(main())


def test_a_key_and_a_certificate_that_do_not_fit(tmp_path: Path) -> None:
    key, request = asyncio.run(make_key_and_request(["kaylee.example"], "rsa"))
    assert "PRIVATE KEY" in key and "CERTIFICATE REQUEST" in request
    with pytest.raises(ValueError, match="not readable"):
        check_identity(SavedIdentity(key, request), "kaylee.example", 0)
    state = State(tmp_path)
    state.path("identity.pem").write_text(key)
    assert state.identity() is None


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = take_lock(path)
    assert lock is not None and take_lock(path) is None
    lock.release()
    again = take_lock(path)
    assert again is not None
    again.release()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_command_lines(capsys: pytest.CaptureFixture[str]) -> None:
    setup = arguments.parse(["setup"])
    assert isinstance(setup, SetupOptions) and setup.username is None and setup.relay is None
    run = arguments.parse(["run", "--upstream", "8001", "--pool", "3"])
    assert isinstance(run, RunOptions) and run.pool == 3 and str(run.upstream) == "127.0.0.1:8001"
    for line in (
        *("go", "setup UPPER", "setup a --relay http://x", "run --pool 65", "run x"),
        *("run --dir a --upstream 1", "run --upstream ftp://x", "run --upstream http://x/path"),
        *("run --upstream 99999", "run --max-visitors 0"),
    ):
        with pytest.raises(SystemExit) as ended:
            arguments.parse(line.split())
        assert ended.value.code == 2, line
    for args in ([], ["--help"], ["run", "--help"], ["--version"]):
        with pytest.raises(SystemExit) as ended:
            arguments.parse(args)
        assert ended.value.code == 0
    assert "usage:" in capsys.readouterr().out
