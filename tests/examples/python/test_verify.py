"""`verify`: whose key answers at a page, from any computer."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from client import Client, Relay
from glosson.check_arguments import read_fingerprint
from glosson.exit_codes import FAILED, OTHER_END, USAGE, WELL

KEY = "A" * 43 + "="


def test_a_fingerprint_is_read_as_people_have_it() -> None:
    digits = base64.b64decode(KEY).hex()
    with_colons = ":".join(digits[at : at + 2].upper() for at in range(0, 64, 2))
    for text in (KEY, f"sha256/{KEY}", f"SHA256//{KEY}", digits, with_colons):
        assert read_fingerprint(text) == KEY
    slashed = f"/{KEY[1:]}"
    for text in (slashed, f"sha256/{slashed}", f"sha256//{slashed}"):
        assert read_fingerprint(text) == slashed
    for text in ("", KEY[:-1], digits[1:], f"md5/{KEY}"):
        with pytest.raises(ValueError, match="is no SHA-256 of a key"):
            read_fingerprint(text)


def test_the_page_is_its_own_computer_or_somebody_else(
    relay: Relay, start: Callable[..., Client]
) -> None:
    client = start("verified")
    key = json.loads(client.call("status", "--json").stdout)["key"]
    page = f"https://{client.hostname}:{relay.hub}"

    def verify(*args: str) -> subprocess.CompletedProcess[str]:
        return client.call("verify", page, "--ca", relay.ca, *args)

    good = verify("--key", key, "--alpn", "http/1.1", "--address", "127.0.0.1")
    assert good.returncode == WELL, good.stderr
    assert f"Key:         {key}\nCertificate: " in good.stdout
    own = "Trusted:     yes\nALPN:        http/1.1\n\nThis is the page's own computer: nobody"
    assert own in good.stdout
    assert verify("--key", base64.b64decode(key).hex()).returncode == WELL

    other = verify("--key", KEY, "--alpn", "h2")
    assert other.returncode == OTHER_END
    wrong = f"NOT WHAT IT SHOULD BE: the key should be {KEY}; ALPN should agree on h2.\n"
    assert wrong in other.stdout
    distrusted = client.call("verify", page, "--key", key)
    assert distrusted.returncode == OTHER_END
    assert "NOT WHAT IT SHOULD BE: browsers do not take the certificate (" in distrusted.stdout
    assert f"Key:         {key}\n" in distrusted.stdout

    assert client.stop() == 0
    away = verify("--key", key)
    assert away.returncode == OTHER_END and "the key should be" in away.stdout


def test_what_cannot_be_looked_at_is_told(relay: Relay, tmp_path: Path) -> None:
    client = Client(relay, "nobody", tmp_path)
    for page, told in (("http://kaylee.example", "no address of a page"), ("x/y", "no address")):
        wrong = client.call("verify", page, "--key", KEY)
        assert wrong.returncode == USAGE and told in wrong.stderr
    assert client.call("verify", "https://kaylee.example").returncode == USAGE
    closed = client.call("verify", "https://kaylee.localhost:1", "--key", KEY)
    assert closed.returncode == FAILED
    where = "https://kaylee.localhost:1 at 127.0.0.1: nothing listens there"
    assert f"glosson: Cannot look at {where}" in closed.stderr
    unread = client.call("verify", "kaylee.localhost", "--key", KEY, "--ca", str(tmp_path / "x"))
    assert unread.returncode == FAILED
    assert "Cannot read the authorities given with --ca: " in unread.stderr
