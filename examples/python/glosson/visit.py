"""A visitor's connection: TLS, then one request after the other."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import Sequence

from .client_hello import MAX_HELLO_BYTES, NO_APPLICATION_PROTOCOL, Opening, read_opening
from .connection import PIECE, Stream
from .exchange import Exchange, Site, VisitorStream
from .http1 import BadMessage, Request, read_request
from .limit import Limit
from .own_host import own_host
from .places import Watched, group_of
from .reader import Reader
from .tls import TlsStream
from .tls_contexts import ACME_PROTOCOL, TlsContexts
from .visitor_limits import VisitorLimits

MOST_LINGERS = 6  # for whoever goes on sending, in times of the limit for silence

log = logging.getLogger(__name__)


class Visit:
    """Serves one visitor until they leave."""

    def __init__(
        self,
        conn: Stream,
        address: str | None,
        hosts: Sequence[str],
        site: Site,
        limits: VisitorLimits,
    ) -> None:
        """Serve the page at these hosts, its own first, to whoever is behind `conn`."""
        self._limits = limits
        self._conn, self._address = Watched(conn), address
        self.group = group_of(address)
        self._hosts, self._site = [host.encode() for host in hosts], site
        self._named = self._hosts[0]  # by the visitor, in the TLS handshake
        self.context: ssl.SSLContext | None = None  # what their TLS is of
        self._exchange: Exchange | None = None
        # Since when nothing is asked for; None while a request is being answered.
        self.idle_since: float | None = time.monotonic()
        self.leaving = False  # as soon as what is asked for is answered
        self._waits: Limit | None = None  # while it waits for a request
        # Whether no request is read after the one that is answered, or the next one.
        self._is_last = False

    @property
    def moved_at(self) -> float:
        """When a byte of theirs moved last."""
        return self._conn.moved_at

    def retire(self) -> None:
        """Have them come anew for what they ask after the next answer, which tells them."""
        self._is_last = True
        if self._exchange is not None:
            self._exchange.keep_alive = False

    def leave(self) -> None:
        """Say goodbye where nothing is asked for; a handshake has its time."""
        self.leaving = True
        if self._waits is not None:
            self._waits.expire()

    async def run(self, contexts: TlsContexts) -> None:
        """Serve; closes the connection. Raises OSError or EOFError when it broke."""
        try:
            with Limit(self._limits.handshake, "no TLS handshake"):
                tls = await self._shake_hands(contexts)
            if tls is not None:
                await self._serve(tls)
        finally:
            self._conn.close()

    async def _serve(self, tls: TlsStream) -> None:
        reader, finished = Reader(tls), True
        try:
            if tls.protocol != ACME_PROTOCOL:  # else the handshake was all that was asked for
                finished = await self._answer_all(reader, VisitorStream(tls, self._limits.download))
            await reader.stop()
            await self._leave(tls, finished)
        finally:
            await reader.stop()

    async def _shake_hands(self, contexts: TlsContexts) -> TlsStream | None:
        """Read the hello; refuse a visitor who can speak nothing that is spoken here."""
        hello = b""
        while (opening := read_opening(hello)) is None and len(hello) < MAX_HELLO_BYTES:
            data = await self._conn.read(PIECE)
            if not data:
                raise EOFError("the visitor left before the handshake")
            hello += data
        opening = opening or Opening()
        if (name := opening.server_name.encode("latin-1")) in self._hosts:
            self._named = name
        self.context = context = contexts.of(opening)
        if context is None:
            await self._conn.write(NO_APPLICATION_PROTOCOL)
            await self._conn.end()
            return None
        tls = TlsStream(self._conn, context)
        tls.feed(hello)
        await tls.handshake()
        return tls

    async def _answer_all(self, reader: Reader, stream: VisitorStream) -> bool:
        """Answer requests until the connection is not to be used again; False: within one."""
        patience = self._limits.head
        while True:
            self.idle_since = time.monotonic()
            await asyncio.sleep(0)  # many requests may be there, and others wait
            try:
                with Limit(patience, "no request") as self._waits:
                    if not await reader.more():
                        return True
            except TimeoutError:
                return True
            finally:
                self._waits = None
            patience = self._limits.keep_alive
            self._exchange = exchange = await self._read_request(reader, stream)
            if exchange is None:
                return False
            self.idle_since = None
            exchange.keep_alive = exchange.keep_alive and not self._is_last
            began = time.monotonic()
            try:
                await self._site(exchange)
            except BadMessage as error:
                await _refuse(exchange, error)
            _note(exchange, time.monotonic() - began)
            if not exchange.keep_alive:
                return exchange.body.ended

    async def _read_request(self, reader: Reader, stream: VisitorStream) -> Exchange | None:
        """Read a request; None: it was none, and was answered."""
        request = Request(b"GET", b"/", 0, [])
        exchange = self._new_exchange(request, self._named, reader, stream)
        try:
            with Limit(self._limits.head, "no whole head of a request"):
                request = await read_request(reader)
            host = own_host(request, self._hosts, self._named)
            return self._new_exchange(request, host, reader, stream)
        except BadMessage as error:
            await _refuse(exchange, error)
        except TimeoutError:
            await _refuse(exchange, BadMessage("The request did not come in time.", 408))
        return None

    def _new_exchange(
        self, request: Request, host: bytes, reader: Reader, stream: VisitorStream
    ) -> Exchange:
        return Exchange(request, host, reader, stream, self._address, self._limits)

    async def _leave(self, tls: TlsStream, finished: bool) -> None:
        """Say goodbye, and read what still comes: unread, it would turn the end into a reset."""
        limits = self._limits
        with Limit(limits.download, "the visitor did not take the end"):
            await tls.end()
        loop = asyncio.get_running_loop()
        over = loop.time() + (limits.closing if finished else limits.linger * MOST_LINGERS)
        while (left := over - loop.time()) > 0:
            with Limit(min(left, limits.linger), "the visitor did not close"):
                if not await self._conn.read(PIECE):
                    return


def _note(exchange: Exchange, seconds: float) -> None:
    request = exchange.request
    method, path = request.method.decode(), request.target.partition(b"?")[0].decode("latin-1")
    # What stands behind a `?` is left out: apps put secrets there.
    log.debug("%s %r: %d in %.0f ms", method, path, exchange.status, seconds * 1000)


async def _refuse(exchange: Exchange, error: BadMessage) -> None:
    """Answer a request that is none, unless an answer is out already."""
    exchange.keep_alive = False
    if not exchange.answered:
        allow = [(b"Allow", b"GET, HEAD, POST")] if error.status == 405 else []
        await exchange.refuse(error.status, str(error), *allow)
