"""Nothing that a visitor sends instead of a good handshake ends the client."""

from __future__ import annotations

import random
import socket
import ssl
import struct

import pytest

from app import OK, App
from client import Client, Visitor

ALERT = 0x15


def hello(name: str, protocols: list[str] | None = None) -> bytes:
    """A ClientHello of this Python's OpenSSL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if protocols:
        context.set_alpn_protocols(protocols)
    outgoing = ssl.MemoryBIO()
    tls = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def everything(sock: socket.socket) -> bytes:
    data = b""
    while piece := sock.recv(65536):
        data += piece
    return data


def test_a_visitor_who_speaks_another_protocol_gets_the_alert_for_that(page: Client) -> None:
    visitor = Visitor(page)
    with pytest.raises(ssl.SSLError, match=r"(?i)no.application.protocol"):
        visitor.handshake(protocols=("foo",))


@pytest.mark.parametrize("protocols", [(), ("http/1.1",), ("h2", "http/1.1"), ("http/1.0",)])
def test_whoever_can_speak_http_is_served(
    page: Client, app: App, protocols: tuple[str, ...]
) -> None:
    visitor = page.visit(protocols=protocols)
    expected = next((name for name in ("http/1.1", "http/1.0") if name in protocols), None)
    assert visitor.tls.selected_alpn_protocol() == expected
    app.next(OK)
    visitor.send(f"GET / HTTP/1.1\r\nHost: {page.hostname}\r\nConnection: close\r\n\r\n")
    assert visitor.answer()[0] == 200
    app.called()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_of_tls(page: Client, app: App, version: ssl.TLSVersion) -> None:
    visitor = page.visit(version=version)
    assert visitor.tls.version() == version.name.replace("_", ".")
    app.next(OK)
    visitor.send(f"GET / HTTP/1.1\r\nHost: {page.hostname}\r\nConnection: close\r\n\r\n")
    assert visitor.answer()[2] == b"ok"
    app.called()


def test_what_tls_1_2_agrees_on_is_authenticated_with_its_text(page: Client) -> None:
    old = Visitor(page)
    with pytest.raises(ssl.SSLError, match=r"(?i)handshake.failure"):
        old.handshake(version=ssl.TLSVersion.TLSv1_2, ciphers="ECDHE:!AESGCM:!CHACHA20:!AESCCM")
    good = page.visit(version=ssl.TLSVersion.TLSv1_2, ciphers="ECDHE+AESGCM")
    assert "GCM" in good.tls.cipher()[0]


def test_old_tls_gets_an_alert(page: Client) -> None:
    visitor = Visitor(page)
    # A hello for TLS 1.2, which the record says is one for 1.1 at most.
    old = bytearray(hello(page.hostname))
    old[9:11] = b"\x03\x02"
    at = bytes(old).find(b"\x00\x2b")  # supported_versions
    old[at : at + 2] = b"\xff\x2b"
    visitor.socket.sendall(bytes(old))
    assert everything(visitor.socket)[0] == ALERT


@pytest.mark.parametrize(
    "after",
    [
        b"\x15\x03\x01\x00\x02\x02\x30",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x03\x00\x00",
        b"\x14\x03\x03\x00\x01\x01" * 40,
        b"\x17\x03\x03\x40\x00" + b"x" * 0x4000,
        bytes(100),
    ],
)
@pytest.mark.parametrize("leave", ["fin", "reset", "wait"])
def test_anything_behind_a_good_hello(page: Client, after: bytes, leave: str) -> None:
    visitor = Visitor(page)
    visitor.socket.sendall(hello(page.hostname) + after)
    if leave == "reset":
        reset(visitor.socket)
        return
    if leave == "fin":
        visitor.fin()
    try:
        everything(visitor.socket)
    except ConnectionResetError:
        pass


def test_hellos_with_random_faults(page: Client, app: App) -> None:
    chance = random.Random(20260101)
    good = hello(page.hostname, ["http/1.1"])
    name = good.find(page.hostname.encode())
    for _ in range(300):
        odd = bytearray(good)
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(11, len(odd))
            if not name - 9 <= at < name + len(page.hostname):  # it has to find its way here
                odd[at] = chance.randrange(256)
        visitor = Visitor(page)
        visitor.socket.sendall(bytes(odd))
        if chance.random() < 0.5:
            visitor.socket.recv(1)
        reset(visitor.socket)
    app.next(OK)
    assert page.get()[0] == 200
    app.called()


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: other.example\r\n\r\n", 421),
        (b"GET / HTTP/1.1\r\nHost: HOST\r\nHost: HOST\r\n\r\n", 400),
        (b"GET  / HTTP/1.1\r\nHost: HOST\r\n\r\n", 400),
        (b"GET x HTTP/1.1\r\nHost: HOST\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : HOST\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: HOST\r\nX: a\r\n b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: HOST\r\nX: a\rb\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: HOST\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: HOST\r\n" + b"X: y\r\n" * 1001 + b"\r\n", 431),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"CONNECT HOST:443 HTTP/1.1\r\nHost: HOST\r\n\r\n", 405),
        (b"CONNECT / HTTP/1.1\r\nHost: HOST\r\n\r\n", 405),
        (b"GET / HTTP/1.1\r\nHost: HOST..\r\n\r\n", 421),
        (b"GET / HTTP/1.0\r\nHost: HOST\r\nHost: HOST\r\n\r\n", 400),
        (b"\x00\x01\x02\r\n\r\n", 400),
        (b"PUT / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 1, 2\r\n\r\n", 400),
        (b"PUT / HTTP/1.1\r\nHost: HOST\r\nContent-Length: -1\r\n\r\n", 400),
        (b"PUT / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        (b"PUT / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", 400),
        (b"PUT / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        (b"PUT / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding:\r\n\r\n", 400),
        (
            b"PUT / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 1\r\nTransfer-Encoding:\r\n\r\nx",
            400,
        ),
        (
            b"PUT / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 1\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n",
            400,
        ),
    ],
)
def test_requests_that_are_none(page: Client, request_bytes: bytes, status: int) -> None:
    visitor = page.visit()
    visitor.send(request_bytes.replace(b"HOST", page.hostname.encode()))
    found, head, _ = visitor.answer()
    assert found == status and "Connection: close" in head


def test_a_chunk_that_is_none_gets_400(page: Client, app: App) -> None:
    app.next(lambda call: call.conn.recv(1))
    visitor = page.visit()
    head = f"PUT / HTTP/1.1\r\nHost: {page.hostname}\r\nTransfer-Encoding: chunked\r\n\r\n"
    visitor.send(f"{head}nonsense\r\n")
    assert visitor.answer()[0] == 400
    app.called()
