"""What `status` says of how things stand."""

from __future__ import annotations

import asyncio
import datetime
import socket
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from glosson import status
from glosson.lock import take_lock
from glosson.records import Account, SavedIdentity
from glosson.state import State

AT = "2026-06-04T14:05:00.000Z"
SINCE = "2026-06-04T12:00:00.000Z"


@pytest.mark.parametrize(
    ("verdict", "told"),
    [
        ("own", f"visitors get through to this computer alone, as of {AT}"),
        ("other", f"SOMEBODY ELSE ANSWERS in this computer's place since {SINCE}: its key is not"),
        ("not seen", f"could not be looked at since {SINCE}: its key is not"),
        (None, None),
    ],
)
def test_what_the_reference_client_saw_from_outside_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verdict: str | None, told: str | None
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        relay = f"https://127.0.0.1:{free.getsockname()[1]}/"
    state = State(tmp_path)
    state.save(Account("kaylee", "kaylee.example", relay, "secret"))
    why = None if verdict == "own" else "its key is not"
    seen = None if verdict is None else {"verdict": verdict, "at": AT, "since": SINCE, "why": why}
    state.save_running({"since": SINCE, "seen": seen})
    lock = take_lock(state.path("lock"))
    assert lock is not None
    try:
        assert asyncio.run(status.show(state, as_json=False)) == 1  # nothing listens at the relay
    finally:
        lock.release()
    rows = dict(line.split(":", 1) for line in capsys.readouterr().out.splitlines())
    assert rows.get("From outside", "").strip() == (told or "")
    # Of one that runs no more it says nothing.
    asyncio.run(status.show(state, as_json=False))
    assert "From outside" not in capsys.readouterr().out


def test_hosts_below_the_pages_own_are_told_that_the_certificate_is_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = State(tmp_path)
    state.save(Account("kaylee", "kaylee.example", "https://127.0.0.1:1/", "secret"))
    state.save_identity(certified("kaylee.example", "app.kaylee.example", "git.kaylee.example"))
    asyncio.run(status.show(state, as_json=False))
    lines = capsys.readouterr().out.splitlines()
    hosts = [line.split(":")[1].strip() for line in lines if line.startswith("Also:")]
    assert hosts == ["app.kaylee.example", "git.kaylee.example"], lines


def certified(*hosts: str) -> SavedIdentity:
    """A key, and a certificate of its own for these hosts."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.timezone.utc)
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(x509.Name([]))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=90))
        .add_extension(names, critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return SavedIdentity(private.decode(), certificate.public_bytes(pem).decode())


def test_an_ipv6_address_of_the_data_port_is_told_in_brackets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = State(tmp_path)
    state.save(Account("kaylee", "kaylee.example", "https://127.0.0.1:1/", "secret"))
    data = {"host": "2001:db8::1", "port": 9000, "works": True, "over": "tcp"}
    state.save_running({"since": SINCE, "data": data})
    lock = take_lock(state.path("lock"))
    assert lock is not None
    try:
        asyncio.run(status.show(state, as_json=False))
    finally:
        lock.release()
    assert "the relay's data port [2001:db8::1]:9000 is reached" in capsys.readouterr().out
