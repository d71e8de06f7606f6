"""A front with a web app behind it in a process of its own, to be looked at from outside.

Arguments: the app's port, and limits in milliseconds as JSON. It writes a line of JSON once
visitors may come, and another for every line that it reads; at the end of its input it stops, and
ends by itself. The reference client's front has the same program, and the same tests look at it.
"""

from __future__ import annotations

import asyncio
import datetime
import gc
import json
import logging
import os
import socket
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples" / "python"))

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from glosson.connection import Connection
from glosson.data_connection import Joined
from glosson.exchange import Exchange
from glosson.front import Front
from glosson.proxy import upstream_site
from glosson.tls_contexts import TlsContexts
from glosson.upstream import read_upstream
from glosson.visitor_limits import VISITOR_LIMITS

HOST = "kaylee.glosson.localhost"
LEAVING_S = 0.2  # for open answers at the end

# What each limit is called here.
LIMITS = {
    "handshake": ["handshake"],
    "head": ["head"],
    "keepAlive": ["keep_alive"],
    "upload": ["upload"],
    "download": ["download"],
    "halfClosed": ["half_closed"],
    "linger": ["closing", "linger"],
}


class Faults(logging.Handler):
    """Counts what went wrong in this program itself."""

    count = 0

    def emit(self, record: logging.LogRecord) -> None:
        Faults.count += 1
        sys.stderr.write(f"{self.format(record)}\n")


def make_authority(identity: Path) -> str:
    """Write a key and a certificate for HOST; return the certificate of who signed it."""

    def certificate(subject: str, key: ec.EllipticCurvePrivateKey, ca: bool) -> x509.Certificate:
        now = datetime.datetime.now(datetime.timezone.utc)
        day = datetime.timedelta(days=1)
        names = x509.SubjectAlternativeName([x509.DNSName(subject)])
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority.example")]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - day)
            .not_valid_after(now + day)
            .add_extension(x509.BasicConstraints(ca, None), critical=True)
            .add_extension(names, critical=False)
            .sign(root_key, hashes.SHA256())
        )

    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    pem = serialization.Encoding.PEM
    pkcs8, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    leaf = certificate(HOST, key, False).public_bytes(pem)
    identity.write_bytes(key.private_bytes(pem, pkcs8, plain) + leaf)
    return certificate("authority.example", root_key, True).public_bytes(pem).decode()


def say(what: object) -> None:
    sys.stdout.write(f"{json.dumps(what)}\n")
    sys.stdout.flush()


async def main(app: str, limits: dict[str, int]) -> None:
    told = {name: ms / 1000 for key, ms in limits.items() for name in LIMITS[key]}
    site = upstream_site(read_upstream(app), 120)
    answering = visitors = 0

    async def counted(exchange: Exchange) -> None:
        nonlocal answering
        answering += 1
        try:
            await site(exchange)
        finally:
            answering -= 1

    with tempfile.TemporaryDirectory() as folder:
        visitor_limits = replace(VISITOR_LIMITS, **told)
        front = Front([HOST], counted, TlsContexts(Path(folder)), 4096, visitor_limits)
        identity = Path(folder) / "identity.pem"
        pem = make_authority(identity)
        front.use(identity)
    loop = asyncio.get_running_loop()
    serving: set[asyncio.Future[None]] = set()
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    listener.setblocking(False)

    async def accept() -> None:
        nonlocal visitors
        while True:
            conn, _ = await loop.sock_accept(listener)
            visitors += 1
            joined = Joined(Connection(conn), f"192.0.2.{visitors % 250}", b"")
            task = asyncio.ensure_future(front.serve(joined))
            serving.add(task)
            task.add_done_callback(serving.discard)

    accepting = asyncio.ensure_future(accept())
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    say({"port": listener.getsockname()[1], "pem": pem})
    while await lines.readline():
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        say(
            {
                "connections": len(serving),
                "answering": answering,
                "uncaught": Faults.count,
                "visitors": visitors,
                "rss": pages * os.sysconf("SC_PAGE_SIZE"),
            }
        )
    accepting.cancel()
    listener.close()
    await front.stop(LEAVING_S)
    if serving:
        await asyncio.wait(serving)


if __name__ == "__main__":
    logging.basicConfig(handlers=[Faults()], level=logging.ERROR)
    asyncio.run(main(sys.argv[1], json.loads(sys.argv[2])))
