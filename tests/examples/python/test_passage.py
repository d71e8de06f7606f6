"""What a front makes of requests for the app behind it, and of that app's answers."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from conftest import HOST
from glosson.front import Front
from glosson.proxy import upstream_site
from glosson.upstream import Upstream
from kept_visitor import KeptVisitor
from test_front import with_front

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Visit = Callable[[str], Awaitable[KeptVisitor]]


def passing(
    identity: Path, answer: bytes, use: Callable[[Visit, Callable[[], bytes]], Awaitable[None]]
) -> None:
    """Have an app that answers each request with these bytes, once its head is there."""
    heads: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    async def app(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await writer.drain()
        writer.close()

    async def with_app(front: Front, visitor: Callable[[], socket.socket]) -> None:
        async def visit(name: str) -> KeptVisitor:
            return await KeptVisitor(visitor(), name).shake_hands()

        front.hosts.append("blog.example.org")
        async with await asyncio.start_server(app, sock=listener):
            await use(visit, heads.pop)

    with_front(identity, with_app, site=upstream_site(Upstream(*listener.getsockname()), 5))


@pytest.mark.parametrize(
    "chunk", [b"x\r\nhello\r\n0\r\n\r\n", b"-5\r\nhello\r\n", b"5\r\nhello, world\r\n"]
)
def test_a_body_that_is_wrong_at_once_is_a_bad_gateway(identity: Path, chunk: bytes) -> None:
    broken = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk

    async def use(visit: Visit, _head: Callable[[], bytes]) -> None:
        visitor = await visit(HOST)
        if chunk.startswith(b"5"):  # what came before is passed on, and the end is none
            await visitor.send(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n")
            with pytest.raises(EOFError):
                await visitor.answer()
        else:
            assert (await visitor.get("/"))[0].status == 502
        visitor.close()

    passing(identity, broken, use)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"])
def test_a_method_that_expects_a_body_says_that_it_is_empty(identity: Path, method: str) -> None:
    async def use(visit: Visit, head: Callable[[], bytes]) -> None:
        visitor = await visit(HOST)
        await visitor.send(f"{method} / HTTP/1.1\r\nHost: {HOST}\r\n\r\n")
        assert (await visitor.answer())[1] == b"ok"
        told = head().lower()
        assert (b"content-length: 0\r\n" in told) == (method in ("POST", "PUT", "PATCH"))
        assert b"transfer-encoding" not in told
        visitor.close()

    passing(identity, OK, use)


def test_an_app_that_ends_the_connection_at_a_request_may_speak_tls(
    identity: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def use(visit: Visit, _head: Callable[[], bytes]) -> None:
        visitor = await visit(HOST)
        assert (await visitor.get("/"))[0].status == 502
        visitor.close()

    passing(identity, b"", use)
    assert "does it want https:// in --upstream?" in caplog.text


def test_what_is_there_of_a_body_goes_together_with_its_head(identity: Path) -> None:
    sent: list[bytes] = []
    upstream = Upstream("localhost", 1)

    class App:
        async def write(self, data: bytes) -> None:
            sent.append(data)

        async def read(self, most: int = 0) -> bytes:
            return OK if len(sent) == 1 else b""

        def close(self) -> None:
            pass

    async def connect(_self: Upstream) -> App:
        return App()

    async def main(front: Front, visitor: Callable[[], socket.socket]) -> None:
        kept = await KeptVisitor(visitor(), HOST).shake_hands()
        await kept.send(f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 3\r\n\r\nabc")
        await kept.answer()
        kept.close()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Upstream, "connect", connect)
        with_front(identity, main, site=upstream_site(upstream, 5))
    assert sent[0].endswith(b"\r\n\r\nabc")


@pytest.mark.parametrize("request_", ["GET / HTTP/1.0\r\n", "GET / HTTP/1.1\r\nHost:\r\n"])
@pytest.mark.parametrize(
    ("named", "told"),
    [
        (HOST, HOST),
        ("blog.example.org", "blog.example.org"),
        ("BLOG.example.org", "blog.example.org"),
        ("other.example.org", HOST),
    ],
)
def test_who_names_no_host_has_named_it_in_the_handshake(
    identity: Path, request_: str, named: str, told: str
) -> None:
    async def use(visit: Visit, head: Callable[[], bytes]) -> None:
        visitor = await visit(named)
        await visitor.send(f"{request_}\r\n")
        assert (await visitor.answer())[1] == b"ok"
        assert f"\r\nHost: {told}\r\n".encode() in head()
        visitor.close()

    passing(identity, OK, use)
