"""The Python client as a process, and a visitor of its page."""

from __future__ import annotations

import secrets
import socket
import ssl
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

SOURCE = str(Path(__file__).resolve().parents[3] / "examples" / "python")
PATIENCE_S = 30.0


@dataclass
class Relay:
    """Where a relay is."""

    hub: int
    control: int
    ca: str  # file
    bios: str  # folder
    base: str


class Client:
    """`python -m glosson` for one name."""

    def __init__(self, relay: Relay, name: str, state: Path) -> None:
        # A relay lets an account have so many certificates a day.
        self.name = f"{name}-{secrets.token_hex(3)}"
        self.relay, self.state = relay, state
        self.hostname = f"{self.name}.{relay.base}"
        self.log = ""
        self._lines = threading.Condition()

    def command(self, *args: str) -> list[str]:
        return [sys.executable, "-m", "glosson", *args, "--state", str(self.state)]

    def call(self, *args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*args),
            cwd=SOURCE,
            text=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
        )

    def setup(self, *args: str) -> None:
        relay = self.relay
        where = ("--relay", f"https://localhost:{relay.control}", "--ca", relay.ca)
        bio = ("--bio-file", f"{relay.bios}/{self.name}.txt")
        done = self.call("setup", self.name, *where, *bio, *args)
        assert done.returncode == 0, done.stdout + done.stderr

    def run(self, *args: str) -> None:
        self.log = ""
        self.process = subprocess.Popen(
            self.command("run", *args), cwd=SOURCE, text=True, stderr=subprocess.PIPE
        )
        threading.Thread(target=self._read, daemon=True).start()
        self.logged("Online: ")

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._lines:
                self.log += line
                self._lines.notify_all()

    def logged(self, text: str, times: int = 1) -> None:
        """Wait until the log has a text so many times."""
        with self._lines:
            there = self._lines.wait_for(lambda: self.log.count(text) >= times, PATIENCE_S)
        assert there, f"no {text!r} in:\n{self.log}"

    def is_running(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(PATIENCE_S)

    def rss_kib(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def visit(self, **options: object) -> Visitor:
        visitor = Visitor(self)
        visitor.handshake(**options)
        return visitor

    def get(self, target: str = "/") -> tuple[int, str, bytes]:
        """Make a request; return status, head and body."""
        visitor = self.visit()
        visitor.send(f"GET {target} HTTP/1.1\r\nHost: {self.hostname}\r\nConnection: close\r\n\r\n")
        return visitor.answer()


class Visitor:
    """TLS through the relay, each step by hand."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.socket = socket.create_connection(("127.0.0.1", client.relay.hub))
        self.socket.settimeout(PATIENCE_S)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()

    def handshake(
        self,
        version: ssl.TLSVersion | None = None,
        protocols: tuple[str, ...] = (),
        name: str | None = None,
        ciphers: str | None = None,
    ) -> None:
        context = ssl.create_default_context(cafile=self.client.relay.ca)
        if ciphers is not None:
            context.set_ciphers(ciphers)
        if version is not None:
            context.minimum_version = context.maximum_version = version
        if protocols:
            context.set_alpn_protocols(protocols)
        host = name or self.client.hostname
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=host)
        self.drive(self.tls.do_handshake)

    def drive(self, operation, *args):  # type: ignore[no-untyped-def]
        while True:
            try:
                return operation(*args)
            except ssl.SSLWantReadError:
                self.flush()
                data = self.socket.recv(65536)
                if not data:
                    return b""
                self.incoming.write(data)
            finally:
                self.flush()

    def flush(self) -> None:
        if self.outgoing.pending:
            self.socket.sendall(self.outgoing.read())

    def send(self, data: str | bytes) -> None:
        self.tls.write(data.encode() if isinstance(data, str) else data)
        self.flush()

    def receive(self) -> bytes:
        """Return some bytes, none at the end."""
        try:
            return bytes(self.drive(self.tls.read, 65536))
        except ssl.SSLZeroReturnError:
            return b""

    def rest(self) -> bytes:
        """Return everything up to the end."""
        data = b""
        while piece := self.receive():
            data += piece
        return data

    def until(self, end: bytes) -> bytes:
        data = b""
        while end not in data:
            piece = self.receive()
            assert piece, f"ended after {data!r}"
            data += piece
        return data

    def answer(self) -> tuple[int, str, bytes]:
        head, _, body = self.rest().partition(b"\r\n\r\n")
        return int(head.split()[1]), head.decode("latin-1"), body

    def close_notify(self) -> None:
        """End this side of TLS; TCP stays as it is."""
        try:
            self.tls.unwrap()
        except ssl.SSLError:
            pass
        self.flush()

    def fin(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.socket.close()


def eventually(look, what: str) -> None:  # type: ignore[no-untyped-def]
    """Wait until something is so that nothing tells of."""
    over = time.monotonic() + PATIENCE_S
    while not look():
        assert time.monotonic() < over, what
        time.sleep(0.02)
