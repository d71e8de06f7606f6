"""A visitor who ends their side still gets the whole answer; so does an app."""

from __future__ import annotations

import asyncio
import socket
import ssl

import pytest

from app import App, Call
from client import Client
from glosson.connection import Connection
from glosson.reader import Reader
from glosson.splice import splice

BIG = bytes(range(256)) * 36_000  # 9 MB

both_versions = pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])


@both_versions
@pytest.mark.parametrize("how", ["close_notify", "fin", "both"])
def test_the_answer_is_whole_after_the_visitor_ended_their_side(
    page: Client, app: App, version: ssl.TLSVersion, how: str
) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BIG)
    app.next(head + BIG)
    visitor = page.visit(version=version)
    visitor.send(f"GET /big HTTP/1.1\r\nHost: {page.hostname}\r\n\r\n")
    if how != "fin":
        visitor.close_notify()
    if how != "close_notify":
        visitor.fin()
    status, _, body = visitor.answer()
    assert status == 200 and body == BIG
    app.called()


@both_versions
def test_each_side_of_an_upgraded_connection_ends_by_itself(
    page: Client, app: App, version: ssl.TLSVersion
) -> None:
    def swap(call: Call) -> None:
        switching = b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n"
        call.conn.sendall(switching + b"first")
        call.conn.shutdown(1)  # the app ends its side at once, and listens on
        while data := call.conn.recv(65536):
            call.body += data

    app.next(swap)
    visitor = page.visit(version=version)
    visitor.send(
        f"GET / HTTP/1.1\r\nHost: {page.hostname}\r\nConnection: keep-alive, Upgrade\r\n"
        "Upgrade: test\r\n\r\n"
    )
    visitor.until(b"first")
    assert visitor.receive() == b""
    for _ in range(100):
        visitor.send(b"x" * 1000)
    visitor.close_notify()
    visitor.fin()
    call = app.called()
    assert call.field("upgrade") == "test" and call.field("connection") == "Upgrade"
    assert call.body == b"x" * 100_000


def test_an_upload_that_breaks_off_breaks_off_at_the_app(page: Client, app: App) -> None:
    def read(call: Call) -> None:
        while data := call.conn.recv(65536):
            call.body += data

    app.next(read)
    visitor = page.visit()
    visitor.send(f"PUT / HTTP/1.1\r\nHost: {page.hostname}\r\nContent-Length: 10\r\n\r\nhalf")
    visitor.close()
    assert app.called().body == b"half"


def test_an_answer_that_breaks_off_is_not_made_whole(page: Client, app: App) -> None:
    app.next(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
    visitor = page.visit()
    visitor.send(f"GET / HTTP/1.1\r\nHost: {page.hostname}\r\n\r\n")
    assert not visitor.rest().endswith(b"0\r\n\r\n")
    app.called()


def test_what_an_end_said_that_left_amid_what_it_was_sent_comes_across() -> None:
    answer = b"a" * 30_000

    def pair() -> tuple[socket.socket, Connection]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            near = socket.create_connection(listener.getsockname())
            far, _ = listener.accept()
        near.setblocking(False)
        return near, Connection(far)

    async def run() -> bytes:
        loop = asyncio.get_running_loop()
        (visitor, first), (server, second) = pair(), pair()
        passing = asyncio.ensure_future(splice(Reader(first), first, Reader(second), second))
        uploading = asyncio.ensure_future(loop.sock_sendall(visitor, bytes(1 << 22)))
        # Never reads on: its end is a reset.
        await loop.sock_recv(server, 1024)
        await loop.sock_sendall(server, answer)
        server.close()
        got = b""
        while piece := await loop.sock_recv(visitor, 65_536):
            got += piece
        uploading.cancel()
        await asyncio.gather(uploading, return_exceptions=True)
        visitor.close()
        with pytest.raises(OSError):
            await passing
        first.close()
        second.close()
        return got

    for _ in range(10):
        assert asyncio.run(asyncio.wait_for(run(), 10)) == answer
