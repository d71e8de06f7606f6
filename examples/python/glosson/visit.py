"""A visitor's connection: TLS, then one request after the other."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Sequence

from .app_host import split_authority
from .client_hello import MAX_HELLO_BYTES, NO_APPLICATION_PROTOCOL, Opening, read_opening
from .connection import PIECE, Stream
from .exchange import STALLED_S, Exchange, Site, VisitorStream
from .http1 import BadMessage, Request, read_request, values
from .limit import Limit
from .places import Watched, group_of
from .reader import Reader
from .tls import TlsStream
from .tls_contexts import ACME_PROTOCOL, TlsContexts

HANDSHAKE_S = 10.0
FIRST_REQUEST_S = 30.0  # from the handshake to a visitor's first byte
HEAD_S = 30.0  # for the head of a request, from its first byte
CLOSING_S = 2.0  # for the visitor to close after this side did
REFUSED_S, REFUSED_SILENT_S = 30.0, 5.0  # the same where a request was still being sent

_ABSOLUTE = re.compile(rb"https?://([^/?#]+)(.*)", re.IGNORECASE)

log = logging.getLogger(__name__)


class Visit:
    """Serves one visitor until they leave."""

    def __init__(
        self,
        conn: Stream,
        address: str | None,
        hosts: Sequence[str],
        site: Site,
        silence_s: float,
    ) -> None:
        """Serve the page at these hosts, its own first, to whoever is behind `conn`.

        They may be silent for so many seconds within and between requests.
        """
        self._silence_s = silence_s
        self._conn, self._address = Watched(conn), address
        self.group = group_of(address)
        self._hosts, self._site = [host.encode() for host in hosts], site
        # Since when nothing is asked for; None while a request is being answered.
        self.idle_since: float | None = time.monotonic()
        self.leaving = False  # as soon as what is asked for is answered
        self.is_last = False  # whether no request is read after the one that is answered

    @property
    def moved_at(self) -> float:
        """When a byte of theirs moved last."""
        return self._conn.moved_at

    async def run(self, contexts: TlsContexts) -> None:
        """Serve; closes the connection. Raises OSError or EOFError when it broke."""
        try:
            with Limit(HANDSHAKE_S, "no TLS handshake"):
                tls = await self._shake_hands(contexts)
            if tls is not None:
                await self._serve(tls)
        finally:
            self._conn.close()

    async def _serve(self, tls: TlsStream) -> None:
        reader, finished = Reader(tls), True
        try:
            if tls.protocol != ACME_PROTOCOL:  # else the handshake was all that was asked for
                finished = await self._answer_all(reader, VisitorStream(tls))
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
        context = contexts.of(opening or Opening())
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
        patience = FIRST_REQUEST_S
        while True:
            self.idle_since = time.monotonic()
            await asyncio.sleep(0)  # many requests may be there, and others wait
            try:
                with Limit(patience, "no request"):
                    if not await reader.more():
                        return True
            except TimeoutError:
                return True
            patience = self._silence_s
            exchange = await self._read_request(reader, stream)
            if exchange is None:
                return False
            self.idle_since = None
            began = time.monotonic()
            try:
                await self._site(exchange)
            except BadMessage as error:
                await _refuse(exchange, error)
            _note(exchange, time.monotonic() - began)
            if self.leaving or self.is_last or not exchange.keep_alive:
                return exchange.body.ended

    async def _read_request(self, reader: Reader, stream: VisitorStream) -> Exchange | None:
        """Read a request; None: it was none, and was answered."""
        request = Request(b"GET", b"/", 0, [])
        exchange = self._exchange(request, self._hosts[0], reader, stream)
        try:
            with Limit(HEAD_S, "no whole head of a request"):
                request = await read_request(reader)
            host = self._host(request)
            return self._exchange(request, host, reader, stream)
        except BadMessage as error:
            await _refuse(exchange, error)
        except TimeoutError:
            await _refuse(exchange, BadMessage("The request did not come in time.", 408))
        return None

    def _exchange(
        self, request: Request, host: bytes, reader: Reader, stream: VisitorStream
    ) -> Exchange:
        return Exchange(request, host, reader, stream, self._address, self._silence_s)

    def _host(self, request: Request) -> bytes:
        """Return what the visitor calls this page, and bring the target into its usual form.

        A browser may use a connection for several names of one address, and a page elsewhere may
        point a name of its own at this one: neither is meant for what is served here.
        """
        if request.method == b"CONNECT":
            raise BadMessage("This is no proxy.", 405)
        hosts = values(request.fields, b"host")
        if len(hosts) > 1 or (not hosts and request.minor > 0):
            raise BadMessage("The request names no host, or several.")
        host = b"".join(hosts)
        absolute = _ABSOLUTE.fullmatch(request.target)
        if absolute is not None:  # RFC 9112 section 3.2.2
            host, rest = absolute.groups()
            of_all = rest == b"" and request.method == b"OPTIONS"  # section 3.2.4
            request.target = b"*" if of_all else rest if rest.startswith(b"/") else b"/" + rest
        if request.target[:1] != b"/" and (request.method, request.target) != (b"OPTIONS", b"*"):
            raise BadMessage("The target of the request is no path.")
        host = host or self._hosts[0]  # whoever names none has named it in the TLS handshake
        if split_authority(host.lower())[0].removesuffix(b".") not in self._hosts:
            raise BadMessage("This is another host.", 421)
        return host

    async def _leave(self, tls: TlsStream, finished: bool) -> None:
        """Say goodbye, and read what still comes: unread, it would turn the end into a reset."""
        with Limit(STALLED_S, "the visitor did not take the end"):
            await tls.end()
        loop = asyncio.get_running_loop()
        over = loop.time() + (CLOSING_S if finished else REFUSED_S)
        while (left := over - loop.time()) > 0:
            with Limit(min(left, REFUSED_SILENT_S), "the visitor did not close"):
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
