"""`watch-ct`: certificates in the public logs that are neither the user's nor the relay's."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from client import Client, Relay
from glosson.exit_codes import FAILED, OTHER_END, RELAY_GONE, USAGE, WELL
from glosson.identity import fingerprint_of_pem


class Service(ThreadingHTTPServer):
    """A search service of crt.sh's form over certificates with their names."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/search"
        self.logged: list[tuple[list[str], str]] = []
        self.asked: list[str] = []  # numbers of the certificates that were
        self.busy_with: str | None = None
        self.page: bytes | None = None

    def search(self, name: str) -> bytes:
        def is_meant(one: str) -> bool:
            return one.endswith(name[1:]) if name.startswith("%") else one == name

        return json.dumps(
            [
                {
                    "id": number,
                    "issuer_name": "C=US, O=Let's Encrypt,\nCN=E5",
                    "name_value": "\n".join(names),
                    "not_before": "2026-11-01T00:00:00",
                }
                for number, (names, _) in enumerate(self.logged)
                if any(map(is_meant, names))
            ]
        ).encode()


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        number, service = query.get("d"), self.server
        assert url.path == "/search"
        if number is None:
            body = service.page or service.search(query["q"])
        else:
            service.asked.append(number)
            body = service.logged[int(number)][1].encode()
        self.send_response(503 if number is not None and number == service.busy_with else 200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as service:
        threading.Thread(target=service.serve_forever, daemon=True).start()
        yield service
        service.shutdown()


@pytest.fixture
def client(relay: Relay, tmp_path: Path) -> Client:
    client = Client(relay, "logged", tmp_path)
    client.setup()
    return client


def test_what_is_nobodys_is_told_and_what_is_in_order_is_kept(
    relay: Relay, client: Client, service: Service
) -> None:
    def watch() -> subprocess.CompletedProcess[str]:
        return client.call("watch-ct", "--service", service.url)

    name, base = client.hostname, relay.base
    own = (client.state / "identity.pem").read_text()
    of_relay = ssl.get_server_certificate(("127.0.0.1", relay.control))
    service.logged += [([name, f"app.{name}"], own), ([base, f"*.{base}"], of_relay)]
    good = watch()
    assert good.returncode == WELL, good.stderr
    every = f"Every certificate for {name} in the public logs is yours or the relay's.\n"
    assert good.stdout == every and service.asked == ["0", "1"]

    other = Path(relay.ca).read_text()
    service.logged += [
        ([f"*.{base}"], other),
        ([name], of_relay),
        ([f"*.{name}"], of_relay),  # nor is it for a name below
        ([f"else{name}"], other),
    ]
    service.busy_with = "2"
    some = watch()
    assert some.returncode == OTHER_END, some.stderr
    assert f"There may be more of them: {service.url}?d=2 answers 503.\n" in some.stdout
    service.busy_with = None
    found = watch()
    assert found.returncode == OTHER_END and found.stdout.startswith("NEITHER YOURS NOR")
    rest = "by C=US, O=Let's Encrypt, CN=E5, from 2026-11-01T00:00:00, key"
    keys = [fingerprint_of_pem(of_relay), fingerprint_of_pem(of_relay), fingerprint_of_pem(other)]
    names = [name, f"*.{name}", f"*.{base}"]
    assert [line for line in found.stdout.splitlines() if line.startswith("for ")] == [
        f"for {names[at]} {rest} {keys[at]}, id {number}" for at, number in enumerate((3, 4, 2))
    ]
    assert service.asked.count("0") == 1  # what was in order is not asked for again


def test_what_cannot_be_asked_is_told(client: Client, service: Service) -> None:
    assert client.call("watch-ct", "--service", "http://crt.example/").returncode == USAGE
    for page, told in (
        (b"<html>", f"{service.url} answers no JSON list"),
        (b'[{"id": "x"}]', "The search service's answer is not of crt.sh's form"),
        (b"[1]", "The search service's answer is not of crt.sh's form"),
    ):
        service.page = page
        failed = client.call("watch-ct", "--service", service.url)
        assert failed.returncode == FAILED and told in failed.stderr, failed.stderr
        assert "Traceback" not in failed.stderr
    service.page = None
    service.shutdown()
    service.server_close()
    gone = client.call("watch-ct", "--service", service.url)
    assert gone.returncode == FAILED and "nothing listens there" in gone.stderr
    account = client.state / "account.json"
    where = f"localhost:{client.relay.control}"
    account.write_text(account.read_text().replace(where, "localhost:1"))
    assert client.call("watch-ct", "--service", service.url).returncode == RELAY_GONE
