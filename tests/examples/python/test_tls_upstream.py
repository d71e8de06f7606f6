"""A TLS server of the user's own gets visitors' connections as they are."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from client import Client
from glosson import tls_upstream
from glosson.arguments import parse
from glosson.connection import Connection
from glosson.data_connection import PROXY_V2, Joined
from glosson.exit_codes import USAGE
from glosson.places import INTERNAL_ERROR
from glosson.tls_upstream import TlsUpstream
from glosson.upstream import read_upstream


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("--tls-upstream", "https://localhost"), "--tls-upstream is HOST:PORT or unix:PATH"),
        (("--tls-upstream", "localhost:99999"), "--tls-upstream is HOST:PORT or unix:PATH"),
        (("--tls-upstream", "8443", "--dir", "."), "not allowed with argument --tls-upstream"),
        (("--proxy-protocol",), "--proxy-protocol is about the server of --tls-upstream"),
        (("--tls-upstream", "8443", "--visitor-silence", "5"), "for your server to say"),
        (("--app-host", "app"), "--app-host is about the app of --upstream, and there is none"),
        (("--app-silence", "5"), "--app-silence is about the app of --upstream"),
    ],
)
def test_a_wrong_command_line_is_told(
    args: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(["run", *args])
    assert ended.value.code == USAGE
    assert told in capsys.readouterr().err


@contextmanager
def tls_server(identity: Path, head_bytes: int) -> Iterator[tuple[int, list[bytes]]]:
    """Serve one visitor: what comes before TLS is kept, and what they say is said back."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity)
    heads: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            conn, _ = listener.accept()
            heads.append(conn.recv(head_bytes, socket.MSG_WAITALL))
            with context.wrap_socket(conn, server_side=True) as tls:
                while data := tls.recv(65536):
                    tls.sendall(data)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1], heads
        thread.join()


def test_a_server_gets_bytes_as_they_are_and_the_address_before(
    start: Callable[..., Client],
) -> None:
    client = start("tls-end")
    assert client.stop() == 0
    identity = client.state / "identity.pem"
    for head_bytes, options in ((0, ()), (28, ("--proxy-protocol",))):
        with tls_server(identity, head_bytes) as (port, heads):
            client.run("--tls-upstream", f"127.0.0.1:{port}", *options)
            visitor = client.visit()
            local = visitor.socket.getsockname()
            visitor.send(b"x" * 300_000)
            data = b""
            while len(data) < 300_000:
                data += visitor.receive()
            assert data == b"x" * 300_000
            visitor.close_notify()
            visitor.close()
        head = heads[0]
        if options:
            assert head[:16] == PROXY_V2 + bytes([0x21, 0x11, 0, 12])
            assert socket.inet_ntoa(head[16:20]) == "127.0.0.1"
            assert int.from_bytes(head[24:26], "big") == local[1]
        assert client.stop() == 0


def test_a_server_that_orders_the_certificate_needs_none_of_the_client(
    start: Callable[..., Client],
) -> None:
    client = start("orders")
    assert client.stop() == 0
    account, identity = client.state / "account.json", client.state / "its-own.pem"
    (client.state / "identity.pem").rename(identity)
    told = json.loads(account.read_text())

    def ordered_by(who: str) -> None:
        account.write_text(json.dumps({**told, "certificateBy": who}))

    ordered_by("own")
    told_so = "With --tls-upstream the certificate is that server's to get"
    assert told_so in client.call("run", "--tls-upstream", "1").stderr
    ordered_by("server")
    assert "give it visitors by --tls-upstream" in client.call("run").stderr
    # A token that was lost is replaced all the same, and no certificate asked for.
    client.setup("--force")
    assert json.loads(account.read_text())["certificateBy"] == "server"
    with tls_server(identity, 0) as (port, _):
        client.run("--tls-upstream", f"127.0.0.1:{port}")
        visitor = client.visit()
        visitor.send(b"hello")
        assert visitor.receive() == b"hello"
        visitor.close_notify()
        visitor.close()
    assert client.stop() == 0


def test_a_server_that_is_not_there_is_told_to_visitor_and_user(
    start: Callable[..., Client],
) -> None:
    client = start("tls-none")
    assert client.stop() == 0
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    client.run("--tls-upstream", str(port))
    with pytest.raises(ssl.SSLError, match=r"(?i)internal.error"):
        client.visit()
    client.logged(f"Cannot reach the TLS server of --tls-upstream at 127.0.0.1:{port}")
    assert client.stop() == 0


def test_whoever_was_idle_the_longest_gives_their_place(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "glosson")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        end = TlsUpstream(read_upstream(str(port)), False, 2)
        serving = []

        async def visit() -> socket.socket:
            ours, theirs = socket.socketpair()
            ours.setblocking(False)
            serving.append(asyncio.ensure_future(end.serve(Joined(Connection(theirs), None, b""))))
            return ours

        async def says(visitor: socket.socket) -> bytes:
            await loop.sock_sendall(visitor, b"?")
            return await loop.sock_recv(visitor, 100)

        first, second = await visit(), await visit()
        assert [await says(each) for each in (first, second)] == [b"?", b"?"]
        assert (end.visitors, end.room) == (2, 0)
        third = await visit()
        assert await loop.sock_recv(third, 100) == INTERNAL_ERROR  # nobody is idle
        assert await says(first) == b"?"
        third.close()
        monkeypatch.setattr(tls_upstream, "IDLE_S", 0)
        fourth = await visit()
        assert await loop.sock_recv(second, 100) == b""
        assert [await says(each) for each in (first, fourth)] == [b"?", b"?"]

        end.use(Path("identity.pem"))
        assert "renewed" not in caplog.text
        end.use(Path("identity.pem"))
        assert "has to load the renewed certificate in identity.pem" in caplog.text
        await end.stop(0)
        await asyncio.gather(*serving)
        assert await loop.sock_recv(first, 100) == b""
        for each in (first, second, fourth):
            each.close()
        server.close()
        await server.wait_closed()

    asyncio.run(main())
    assert "Too many visitors" in caplog.text


def test_a_visit_that_ends_while_the_server_is_being_reached_leaves_no_connection() -> None:
    async def main(port: int) -> None:
        end = TlsUpstream(read_upstream(str(port)), False, 2)
        ours, theirs = socket.socketpair()
        serving = asyncio.ensure_future(end.serve(Joined(Connection(theirs), None, b"")))
        while not end.visitors:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        await end.stop(0)
        await serving
        assert theirs.fileno() == -1
        ours.close()

    with socket.socket() as full, socket.socket() as first:
        full.bind(("127.0.0.1", 0))
        full.listen(0)  # for one alone, so that the next waits
        first.connect(full.getsockname())
        asyncio.run(main(full.getsockname()[1]))


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(100):
        writer.write(data)
    writer.close()
