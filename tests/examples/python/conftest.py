"""What the tests share: a relay, users at it, clients and apps as real processes and threads.

The relay is started by tests/system/python_client_test.ts, which says in GLOSSON_TEST_RELAY where
it is. Tests that need none run without it too.
"""

from __future__ import annotations

import datetime
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples" / "python"))

from app import App
from client import Client, Relay

HOST = "kaylee.example"


def pytest_make_parametrize_id(val: object) -> str | None:
    return repr(val)[:40] if isinstance(val, bytes) else None


@pytest.fixture(scope="session")
def relay() -> Relay:
    told = os.environ.get("GLOSSON_TEST_RELAY")
    assert told, "no relay: run these by deno test -A tests/system/python_client_test.ts"
    return Relay(**json.loads(told))


@pytest.fixture(scope="session")
def start(
    relay: Relay, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Client]]:
    """Set a name up and run a client for it, with arguments of `run`."""
    clients: list[Client] = []

    def started(name: str, *args: str) -> Client:
        client = Client(relay, name, tmp_path_factory.mktemp(name))
        clients.append(client)
        client.setup()
        client.run(*args)
        return client

    yield started
    for client in clients:
        client.stop()


@pytest.fixture(scope="session")
def app() -> Iterator[App]:
    with App() as app:
        yield app


@pytest.fixture(scope="session")
def page(start: Callable[..., Client], app: App) -> Client:
    """A client whose visitors are passed to `app`."""
    return start("upstream", "--upstream", str(app.port), "--app-silence", "2", "-v")


@pytest.fixture(autouse=True)
def no_crash(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test does, the client goes on and has nothing to complain of itself."""
    yield
    if "page" in request.fixturenames:
        client: Client = request.getfixturevalue("page")
        assert client.is_running(), client.log
        assert "Traceback" not in client.log


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate of its own for HOST."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    start = datetime.datetime(2026, 1, 1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=36500))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    path = tmp_path_factory.mktemp("front") / "identity.pem"
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(pem))
    return path
