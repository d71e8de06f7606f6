"""The front by itself, on sockets of the test: what no relay would let through, and time limits."""

from __future__ import annotations

import asyncio
import logging
import random
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import HOST
from glosson import front as fronts
from glosson.built_in_page import built_in_page
from glosson.connection import Connection
from glosson.data_connection import Joined
from glosson.exchange import Site
from glosson.front import Front
from glosson.places import INTERNAL_ERROR
from glosson.proxy import upstream_site
from glosson.tls_contexts import TlsContexts
from glosson.upstream import Upstream
from glosson.visitor_limits import VISITOR_LIMITS, VisitorLimits, limits_for
from slow_site import SlowSite
from test_hellos import hello

GET = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


def with_front(
    identity: Path,
    use: Callable[[Front, Callable[[], socket.socket]], Awaitable[None]],
    limits: VisitorLimits = VISITOR_LIMITS,
    site: Site | None = None,
) -> None:
    async def main() -> None:
        front = Front([HOST], site or built_in_page, TlsContexts(identity.parent), 8, limits)
        front.use(identity)
        serving = []

        def visitor() -> socket.socket:
            ours, theirs = socket.socketpair()
            ours.setblocking(False)
            serving.append(
                asyncio.ensure_future(front.serve(Joined(Connection(theirs), None, b"")))
            )
            return ours

        await use(front, visitor)
        await front.stop(1)
        await asyncio.gather(*serving)

    asyncio.run(main())


async def rest(sock: socket.socket) -> bytes:
    data = b""
    try:
        while piece := await asyncio.get_running_loop().sock_recv(sock, 65536):
            data += piece
    except ConnectionResetError:
        pass
    sock.close()
    return data


async def get(visitor: socket.socket, request: bytes = GET) -> bytes:
    """Shake hands, ask for the page, and return what came until the answer was whole."""
    loop = asyncio.get_running_loop()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=HOST)
    answer, asked = b"", False
    while b"</html>" not in answer:
        try:
            if asked:
                answer += tls.read(65536)
                continue
            tls.do_handshake()
            tls.write(request)
            asked = True
        except ssl.SSLWantReadError:
            pass
        if outgoing.pending:
            await loop.sock_sendall(visitor, outgoing.read())
            continue
        piece = await loop.sock_recv(visitor, 65536)
        if not piece:
            raise EOFError(answer)
        incoming.write(piece)
    return answer


def test_what_stands_behind_a_question_mark_is_not_logged(
    identity: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "glosson")

    async def use(_front: Front, visitor: Callable[[], socket.socket]) -> None:
        await get(visitor(), GET.replace(b"/", b"/?token=secret", 1))

    with_front(identity, use)
    assert "GET '/': 200 in" in caplog.text
    assert "secret" not in caplog.text


def test_random_bytes_in_place_of_and_within_hellos(
    identity: Path, caplog: pytest.LogCaptureFixture
) -> None:
    chance = random.Random(7)
    good = hello(HOST, ["http/1.1"])

    async def use(front: Front, visitor: Callable[[], socket.socket]) -> None:
        loop = asyncio.get_running_loop()
        for round_ in range(2000):
            odd = bytearray(good)
            if round_ % 4 == 0:
                odd = bytearray(chance.randbytes(chance.randint(1, 600)))
            elif round_ % 4 == 1:
                del odd[chance.randrange(1, len(odd)) :]
            else:
                for _ in range(chance.randint(1, 8)):
                    odd[chance.randrange(len(odd))] = chance.randrange(256)
            sock = visitor()
            await loop.sock_sendall(sock, bytes(odd))
            sock.shutdown(socket.SHUT_WR)
            await rest(sock)
        assert b"is online" in await get(visitor())

    with_front(identity, use)
    assert not caplog.records


@pytest.mark.parametrize("first", [b"", b"\x16", hello(HOST)[:100]])
def test_a_handshake_has_its_time(identity: Path, first: bytes) -> None:
    async def use(front: Front, visitor: Callable[[], socket.socket]) -> None:
        sock = visitor()
        if first:
            await asyncio.get_running_loop().sock_sendall(sock, first)
        await asyncio.wait_for(rest(sock), 5)
        assert front.visitors == 0

    with_front(identity, use, limits_for(0.05))


def test_a_visitor_who_gets_no_place_is_told(identity: Path) -> None:
    async def use(front: Front, visitor: Callable[[], socket.socket]) -> None:
        await front.stop(0)
        assert await rest(visitor()) == INTERNAL_ERROR

    with_front(identity, use)


def test_a_connection_is_kept_for_a_while_only(identity: Path) -> None:
    async def use(front: Front, visitor: Callable[[], socket.socket]) -> None:
        sock = visitor()
        assert b"200 OK" in await get(sock)
        assert (await asyncio.wait_for(rest(sock), 5))[0] == 0x17  # close_notify, encrypted

    with_front(identity, use, limits_for(0.05))


def test_a_visitor_who_ended_their_side_is_waited_for_while_the_app_says_something(
    identity: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)

        async def use(front: Front, visitor: Callable[[], socket.socket]) -> None:
            loop = asyncio.get_running_loop()
            sock = visitor()
            asking = asyncio.ensure_future(get(sock))
            app, _ = await loop.sock_accept(listener)
            await loop.sock_recv(app, 65536)
            await loop.sock_sendall(app, b"HTTP/1.1 200 OK\r\n\r\n")
            sock.shutdown(socket.SHUT_WR)
            for _ in range(6):  # for longer than a silence may last
                await asyncio.sleep(0.1)
                await loop.sock_sendall(app, b"event")
            assert front.visitors == 1
            assert await asyncio.wait_for(loop.sock_recv(app, 1), 5) == b""  # and then silence
            asking.cancel()
            app.close()
            sock.close()

        address = listener.getsockname()
        limits = replace(VISITOR_LIMITS, half_closed=0.2)
        with_front(identity, use, limits, upstream_site(Upstream(*address), 5))


def test_visitors_come_anew_where_the_relay_leaves(
    identity: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fronts, "QUIET_S", 2)
    site = SlowSite()

    async def use(front: Front, visitor: Callable[[], socket.socket]) -> None:
        site.begin()
        kept = visitor()
        await get(kept)
        await asyncio.sleep(2.1)
        busy, fresh = visitor(), visitor()
        answer = asyncio.ensure_future(get(busy, GET.replace(b"/", b"/slow", 1)))
        await site.asked.wait()
        front.renew()
        # The end is TLS's word, an alert of two bytes in a record of TLS 1.3, not a break.
        assert len(await asyncio.wait_for(rest(kept), 5)) == 24
        assert b"200 OK" in await get(fresh)  # who has just come
        await asyncio.wait_for(rest(fresh), 5)  # and asked for nothing more
        assert not answer.done()
        site.finish.set()
        assert b"404 Not Found" in await answer
        await asyncio.wait_for(rest(busy), 5)

    with_front(identity, use, site=site)
