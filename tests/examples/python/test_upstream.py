"""A visitor's request on its way to a web app, through the real relay, and the answer back."""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from email.utils import parsedate_to_datetime

import pytest

from app import OK, App, Call
from client import Client


def ask(page: Client, request: str, body: bytes = b"") -> tuple[int, str, bytes]:
    visitor = page.visit()
    host = f"Host: {page.hostname}\r\nConnection: close\r\n"
    visitor.send(f"{request}\r\n{host}\r\n".encode("latin-1") + body)
    return visitor.answer()


@pytest.mark.parametrize(
    "target",
    [
        "/d?Sig=x&f=it's", "/p?", "/a/../b", "/a/%2e%2e/b", "/a\\b", "/{x}", '/q?x=a"b', "//a//b",
        "/%zz", "/caf\xe9", "*",
    ],
)  # fmt: skip
def test_the_target_is_passed_byte_for_byte(page: Client, app: App, target: str) -> None:
    method = "OPTIONS" if target == "*" else "GET"
    app.next(OK)
    assert ask(page, f"{method} {target} HTTP/1.1")[0] == 200
    assert app.called().head.split(b"\r\n")[0] == f"{method} {target} HTTP/1.1".encode("latin-1")


def test_the_app_hears_who_visits_from_the_relay_alone(page: Client, app: App) -> None:
    app.next(OK)
    claims = (
        "X-Forwarded-For: 9.9.9.9\r\nX-Real-IP: 9.9.9.9\r\nForwarded: for=9.9.9.9\r\n"
        "X-Forwarded-Proto: http\r\nX-Forwarded-Host: evil\r\nX_Real_Ip: 9.9.9.9\r\nVia: 1.1 a\r\n"
        "Proxy: evil\r\nConnection: x-secret, host\r\nX-Secret: 1\r\nX-Kept: 2"
    )
    assert ask(page, f"GET / HTTP/1.1\r\n{claims}")[0] == 200
    call = app.called()
    assert call.field("x-forwarded-for") == call.field("x-real-ip") == "127.0.0.1"
    assert call.field("x-forwarded-proto") == "https"
    assert call.field("host") == call.field("x-forwarded-host") == page.hostname
    assert call.field("x-kept") == "2"
    for name in ("forwarded", "x_real_ip", "via", "proxy", "x-secret"):
        assert call.field(name) is None, name


def test_a_body_is_passed_in_its_framing_and_no_body_stays_none(page: Client, app: App) -> None:
    def sized(call: Call) -> None:
        assert call.read_body(7) == b'{"q":1}'
        call.conn.sendall(OK)

    app.next(sized)
    assert ask(page, "GET / HTTP/1.1\r\nContent-Length: 7", b'{"q":1}')[0] == 200
    call = app.called()
    assert (call.field("content-length"), call.field("transfer-encoding")) == ("7", None)

    app.next(lambda call: (call.read_until(b"0\r\nX-T: 1\r\n\r\n"), call.conn.sendall(OK)))
    chunked = b"3;x=y\r\nabc\r\n4\r\ndefg\r\n0\r\nX-T: 1\r\n\r\n"
    assert ask(page, "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked", chunked)[0] == 200
    call = app.called()
    assert (call.field("content-length"), call.field("transfer-encoding")) == (None, "chunked")
    assert b"abc" in call.body and b"defg" in call.body

    said = "\r\nContent-Length: 0"
    for method, told, length in (("DELETE", "", None), ("POST", "", "0"), ("DELETE", said, "0")):
        app.next(OK)
        assert ask(page, f"{method} / HTTP/1.1{told}")[0] == 200
        call = app.called()
        assert call.field("transfer-encoding") is None
        assert call.field("content-length") == length
        assert call.body == b""


@pytest.mark.parametrize(
    ("answer", "status", "told"),
    [
        (b"HTTP/1.0 200 OK\r\n\r\nhello", 200, "transfer-encoding: chunked"),
        (b"HTTP/1.1 200\nContent-Length: 2\n\nok", 200, "content-length: 2"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2, 02\r\n\r\nok", 200, "content-length: 2"),
        (b"HTTP/1.1 200 OK\r\nServer : A\r\nContent-Length: 0\r\n\r\n", 200, "\r\nserver: a"),
        (b"HTTP/1.1 200 OK\r\nX-F: a\r\n  b\r\nContent-Length: 0\r\n\r\n", 200, "\r\nx-f: a b"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nok",
            200,
            "content-length: 2",
        ),
        (b"HTTP/1.1 200 OK\r\nAlt-Svc: h3=1\r\nContent-Length: 0\r\n\r\n", 200, "200 ok\r\ncont"),
        (b"HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n", 200, "200 ok"),
        (b"HTTP/1.1 200 OK\r\nHTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 0\r\n\r\n", 200, "x: y"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok", 200, "\r\ncontent-length: 2\r\n"),
        (
            b"HTTP/1.1 200 OK\r\n" + b"Transfer-Encoding: chunked\r\n" * 2 + b"\r\n0\r\n\r\n",
            200,
            "transfer-encoding: chunked",
        ),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 900 + b"Content-Length: 0\r\n\r\n", 200, "a: b"),
        (b"HTTP/1.1 304 N\r\nContent-Length: 9, 9\r\n\r\n", 304, "\r\ncontent-length: 9\r\n"),
        (b"HTTP/1.1 304 N\r\nContent-Length: nine\r\n\r\n", 304, "304 n\r\nconnection"),
        (b"HTTP/1.1 204 No\r\nContent-Length: 9\r\n\r\n", 204, "204 no\r\nconnection"),
        (b"HTTP/1.1 103 E\r\nContent-Length: 0\r\nLink: a\r\n\r\n" + OK, 103, "103 e\r\nlink: a"),
        (b"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n", 999, "999 what"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, "204 no content\r\nconnection: close"),
        (b"ICY 200 OK\r\n\r\nsound", 200, "200 ok"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: %030d\r\n\r\nok" % 2, 200, "content-length: 2"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", 502, "502 bad gateway"),
        (b"", 502, "502 bad gateway"),
        (b"\r\n" + OK, 200, "200 ok"),
        (b"HTTP/1.1 200 O\rK\0\r\nContent-Length: 0\r\n\r\n", 200, "200 o k \r\ncontent"),
        (b"HTTP/1.1 200 OK\r\nX: \x07a\x0bb\r\r\nContent-Length: 0\r\n\r\n", 200, "\r\nx: a b\r\n"),
        (
            b"HTTP/1.1 200 OK\r\nX\x07: a\r\nno field\r\nContent-Length: 0\r\n\r\n",
            200,
            "ok\r\ncont",
        ),
        (b"HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n", 502, "502 bad gateway"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx", 502, "502 bad gateway"),
        (b'HTTP/1.1 200 OK\r\nTransfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n', 502, "502 bad"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
            200,
            "transfer-encoding: chunked",
        ),
        (
            b"HTTP/1.1 426 Up\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n",
            426,
            "upgrade: websocket\r\ncontent-length: 0\r\nconnection: upgrade, close\r\n",
        ),
    ],
)
def test_odd_answers(page: Client, app: App, answer: bytes, status: int, told: str) -> None:
    app.next(answer)
    found, head, _ = ask(page, "GET / HTTP/1.1")
    assert found == status and told in head.lower(), head
    app.called()


def test_an_answer_has_the_date_of_the_app_or_else_one(page: Client, app: App) -> None:
    def date(answer: bytes) -> str:
        app.next(answer)
        head = ask(page, "GET / HTTP/1.1")[1]
        app.called()
        (said,) = re.findall(r"^date: (.*?)\r?$", head, re.IGNORECASE | re.MULTILINE)
        return str(said)

    own = "Tue, 01 Jan 2019 00:00:00 GMT"
    assert date(OK.replace(b"\r\n", b"\r\ndate: %s\r\n" % own.encode(), 1)) == own
    for answer in (OK, b"HTTP/1.1 304 Not Modified\r\n\r\n", b""):
        said = parsedate_to_datetime(date(answer)).timestamp()
        assert abs(time.time() - said) < 60, answer


def test_a_chunk_of_many_digits(page: Client, app: App) -> None:
    app.next(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%018x\r\nok\r\n0\r\n\r\n" % 2)
    assert ask(page, "GET / HTTP/1.1")[2] == b"2\r\nok\r\n0\r\n\r\n"
    app.called()


def test_odd_requests(page: Client, app: App) -> None:
    for before, target in (
        ("\r\n\r\n\r\n", "/x"),
        ("", f"http://{page.hostname}/x"),
        ("", f"HTTPS://{page.hostname}?x"),
    ):
        app.next(OK)
        assert ask(page, f"{before}GET {target} HTTP/1.1")[0] == 200
        line = app.called().head.split(b"\r\n")[0].decode()
        assert line == f"GET {'/?x' if '?' in target else '/x'} HTTP/1.1"
    app.next(OK)
    assert ask(page, f"OPTIONS https://{page.hostname} HTTP/1.1")[0] == 200
    assert app.called().head.startswith(b"OPTIONS * HTTP/1.1\r\n")
    app.next(OK)
    many = "\r\n".join(f"X-{at}: {at}" for at in range(300))
    assert ask(page, f"GET / HTTP/1.1\r\n{many}")[0] == 200
    assert app.called().field("x-299") == "299"


def test_a_host_that_is_empty_is_the_pages(page: Client, app: App) -> None:
    for head in ("GET / HTTP/1.1\r\nHost:", "GET / HTTP/1.0\r\nHost:", "GET / HTTP/1.0"):
        app.next(OK)
        visitor = page.visit()
        visitor.send(f"{head}\r\nConnection: close\r\n\r\n")
        assert visitor.answer()[0] == 200
        assert app.called().field("host") == page.hostname


@pytest.mark.parametrize(
    "ended", ["Content-Length: 9\r\n\r\npart", "Transfer-Encoding: chunked\r\n\r\n9\r\n"]
)
def test_a_body_that_breaks_off_is_told(page: Client, app: App, ended: str) -> None:
    def read(call: Call) -> None:
        while call.conn.recv(65536):
            pass

    app.next(read)
    visitor = page.visit()
    visitor.send(f"PUT / HTTP/1.1\r\nHost: {page.hostname}\r\n{ended}")
    visitor.close_notify()
    visitor.fin()
    assert visitor.rest().startswith(b"HTTP/1.1 400 ")
    app.called()


def test_the_app_finds_its_page_in_what_visitors_send(page: Client, app: App) -> None:
    own = f"https://{page.hostname}"
    app.next(OK)
    told = f"Destination: {own}/b?c\r\nIf: <{own}/a> (<urn:uuid:1>)\r\nOrigin: {own}"
    assert ask(page, f"MOVE /a HTTP/1.1\r\n{told}")[0] == 200
    call = app.called()
    assert call.field("destination") == f"http://{page.hostname}/b?c"
    assert call.field("if") == f"<http://{page.hostname}/a> (<urn:uuid:1>)"
    assert (call.field("origin"), call.field("sec-fetch-site")) == (own, "same-origin")
    for fields in ("Origin: null", f"Origin: {own}.evil", "Origin: https://evil.example"):
        app.next(OK)
        assert ask(page, f"POST / HTTP/1.1\r\n{fields}")[0] == 200
        assert app.called().field("sec-fetch-site") is None, fields


def test_what_is_for_one_connection_is_said_of_that_one(page: Client, app: App) -> None:
    for asked, connection in (("TE: trailers", "close, TE"), ("TE: gzip", "close")):
        app.next(OK)
        assert ask(page, f"GET / HTTP/1.1\r\n{asked}")[0] == 200
        assert app.called().field("connection") == connection
    for fields in ("Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk", "Upgrade: websocket"):
        app.next(OK)
        version = "HTTP/1.1" if "h2c" in fields else "HTTP/1.0"
        visitor = page.visit()
        upgrade = f"Host: {page.hostname}\r\nConnection: Upgrade\r\n{fields}"
        visitor.send(f"GET / {version}\r\n{upgrade}\r\n\r\n")
        visitor.until(b"\r\n\r\nok")
        call = app.called()
        assert call.field("connection") == "close"
        assert call.field("upgrade") is call.field("http2-settings") is None


def test_a_switch_names_a_protocol_also_where_the_app_does_not(page: Client, app: App) -> None:
    app.next(b"HTTP/1.1 101 Go\r\nConnection: Upgrade\r\n\r\n")
    visitor = page.visit()
    ask_for = f"Host: {page.hostname}\r\nConnection: Upgrade\r\nUpgrade: websocket"
    visitor.send(f"GET / HTTP/1.1\r\n{ask_for}\r\n\r\n")
    assert b"\r\nUpgrade: websocket\r\n" in visitor.until(b"\r\n\r\n")
    app.called()


@pytest.mark.parametrize("framing", ["Content-Length: 0", "Content-Length: 5"])
def test_an_upgrade_with_a_body(page: Client, app: App, framing: str) -> None:
    body = b"hello"[: int(framing[-1])]

    def switch(call: Call) -> None:
        # As an app may that knows what comes.
        call.conn.sendall(b"HTTP/1.1 101 Go\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n\r\n")
        assert call.read_body(len(body) + 4) == body + b"ping"
        call.conn.sendall(b"pong")

    app.next(switch)
    visitor = page.visit()
    head = f"POST / HTTP/1.1\r\nHost: {page.hostname}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
    visitor.send(f"{head}{framing}\r\n\r\n".encode() + body + b"ping")
    assert visitor.until(b"pong").startswith(b"HTTP/1.1 101 ")
    assert app.called().field("upgrade") == "tcp"


def test_a_head_answer_keeps_its_length_and_has_no_body(page: Client, app: App) -> None:
    app.next(b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n")
    status, head, body = ask(page, "HEAD / HTTP/1.1")
    assert status == 200 and "Content-Length: 1234" in head and body == b""
    app.called()
    # None of a body that there cannot be (RFC 9110 section 8.6).
    app.next(b"HTTP/1.1 204 No Content\r\nContent-Length: 1234\r\n\r\n")
    status, head, body = ask(page, "HEAD / HTTP/1.1")
    assert status == 204 and "Content-Length" not in head and body == b""
    app.called()


def test_interim_answers_and_trailers_are_passed(page: Client, app: App) -> None:
    app.next(
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n"
    )
    status, head, rest = ask(page, "GET / HTTP/1.1\r\nTE: trailers")
    assert status == 103 and "Link: </a>" in head
    assert rest.startswith(b"HTTP/1.1 200 OK") and rest.endswith(b"0\r\nX-Sum: 7\r\n\r\n")
    assert app.called().field("te") == "trailers"


def test_trailers_say_nothing_that_only_a_proxy_may(page: Client, app: App) -> None:
    app.next(lambda call: (call.read_until(b"X-Sum: 7\r\n\r\n"), call.conn.sendall(OK)))
    claims = b"X-Real-IP: 9.9.9.9\r\nX_Real_Ip: 9.9.9.9\r\nTrue-Client-IP: 9.9.9.9\r\n"
    chunked = b"2\r\nok\r\n0\r\n" + claims + b"X-Sum: 7\r\n\r\n"
    assert ask(page, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked", chunked)[0] == 200
    assert app.called().body.endswith(b"\r\n0\r\nX-Sum: 7\r\n\r\n")


def test_addresses_of_the_app_become_those_of_the_page(page: Client, app: App) -> None:
    for location, expected in (
        (f"http://127.0.0.1:{app.port}/docs/", f"https://{page.hostname}/docs/"),
        (f"http://localhost:{app.port}/", f"https://{page.hostname}/"),
        (f"http://{page.hostname}/a?b", f"https://{page.hostname}/a?b"),
        (f"http://{page.hostname}:{app.port}/a", f"https://{page.hostname}/a"),
        ("/docs/", "/docs/"),
        ("https://elsewhere.example/", "https://elsewhere.example/"),
        ("http://127.0.0.1:1/", "http://127.0.0.1:1/"),
    ):
        head = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
        app.next(head.encode())
        assert f"Location: {expected}\r\n" in ask(page, "GET / HTTP/1.1")[1]
        app.called()


def test_an_upload_that_is_refused_early_gets_its_answer_whole(page: Client, app: App) -> None:
    refusal = b"x" * 30_000  # what a socket takes before its app closes it

    def refuse(call: Call) -> None:
        head = b"HTTP/1.1 413 Too Large\r\nContent-Length: %d\r\n\r\n" % len(refusal)
        call.conn.sendall(head + refusal)
        # With bytes unread, closing is a reset.

    for _ in range(20):
        app.next(refuse)
        visitor = page.visit()
        start = f"PUT / HTTP/1.1\r\nHost: {page.hostname}\r\nContent-Length: 10000000\r\n\r\n"
        visitor.send(start.encode() + b"u" * 400_000)
        status, head, body = visitor.answer()
        assert (status, len(body)) == (413, len(refusal)) and "Connection: close" in head
        app.called()


def test_an_answer_without_a_length_to_an_upload_that_is_not_read(page: Client, app: App) -> None:
    def refuse(call: Call) -> None:
        call.conn.sendall(b"HTTP/1.1 401 Who\r\n\r\nno")
        call.conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    for _ in range(5):
        app.next(refuse)
        status, _, body = ask(page, "PUT / HTTP/1.1\r\nContent-Length: 9", b"part")
        assert (status, body) == (401, b"2\r\nno\r\n0\r\n\r\n")
        app.called()


def test_silence_is_what_counts_not_the_time_that_it_takes(page: Client, app: App) -> None:
    def slowly(call: Call) -> None:
        call.read_body(10)
        call.conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    app.next(slowly)
    visitor = page.visit()
    head = f"PUT / HTTP/1.1\r\nHost: {page.hostname}\r\nConnection: close\r\n"
    visitor.send(f"{head}Content-Length: 10\r\n\r\n")
    for _ in range(10):
        time.sleep(0.3)  # 3 s in all: more than --app-silence
        visitor.send("x")
    assert visitor.answer()[0] == 200
    app.called()

    # A visitor's silence is not the app's.
    app.next(slowly)
    visitor = page.visit()
    visitor.send(f"{head}Content-Length: 10\r\n\r\n")
    time.sleep(2.5)
    visitor.send("x" * 10)
    assert visitor.answer()[0] == 200
    app.called()

    app.next(lambda call: call.conn.recv(1))
    began = time.monotonic()
    assert ask(page, "GET / HTTP/1.1")[0] == 504
    assert 1.9 < time.monotonic() - began < 10
    app.called()


def test_pieces_are_passed_as_they_come(page: Client, app: App) -> None:
    def events(call: Call) -> None:
        call.conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        for at in range(3):
            call.conn.sendall(b"data: %d\n\n" % at)
            seen.acquire()

    seen = threading.Semaphore(0)
    app.next(events)
    visitor = page.visit()
    visitor.send(f"GET /events HTTP/1.1\r\nHost: {page.hostname}\r\n\r\n")
    for at in range(3):
        visitor.until(b"data: %d\n\n" % at)  # the next one is sent only after this one was seen
        seen.release()
    visitor.until(b"0\r\n\r\n")
    app.called()


def test_requests_one_after_another_on_one_connection(page: Client, app: App) -> None:
    app.next(OK)
    app.next(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo")
    visitor = page.visit()
    visitor.send(f"GET /1 HTTP/1.1\r\nHost: {page.hostname}\r\n\r\n" * 2)  # sent at once
    assert visitor.until(b"two").count(b"HTTP/1.1 200") == 2
    app.called(), app.called()


def test_an_app_that_is_not_there_is_said(page: Client, start, relay) -> None:  # type: ignore
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    away = start("away", "--upstream", f"http://127.0.0.1:{port}")
    status, _, body = away.get()
    assert status == 502 and b"not running" in body
    away.logged(f"The app at 127.0.0.1:{port} does not answer")
