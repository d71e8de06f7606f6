"""Passes visitors to a web app: heads are mended, the bytes of bodies are left alone.

Each has a connection of its own: of a kept one nobody knows, when it closes, what the app has seen.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable

from .app_failed import AppFailed, app_fault, of_app
from .body import (
    BodyReader,
    BodyWriter,
    Framing,
    answer_framing,
    framing_fields,
    passed_framing,
    spared_fields,
)
from .connection import Stream
from .exchange import Exchange, Site
from .fields import of_connection, passed_trailers, to_app, trailers_to_app
from .http1 import Answer, BadMessage, head_bytes, read_answer
from .limit import Limit, TooSlow
from .own_page import answer_own_page
from .reader import Reader
from .splice import splice
from .upgrade import required_fields, switching_fields, upgrade_of
from .upstream import Upstream

log = logging.getLogger(__name__)


def upstream_site(upstream: Upstream, answer_s: float) -> Site:
    """Return a site that is a web app; it answers so many seconds after it took the request."""

    async def site(exchange: Exchange) -> None:
        try:
            try:
                app = await upstream.connect()
            except OSError as error:
                raise AppFailed(app_fault(error)) from None
            await Passage(exchange, upstream, app, answer_s).run()
        except AppFailed as error:
            log.warning("The app at %s does not answer: %s", upstream, error)
            if exchange.answered:
                raise EOFError("the app broke off its answer") from None
            await answer_own_page(exchange, error.page)

    return site


class Passage:
    """One request on its way to the app, and its answer on the way back, at the same time."""

    def __init__(
        self, exchange: Exchange, upstream: Upstream, app: Stream, answer_s: float
    ) -> None:
        """Pass the request on; closes `app` in the end."""
        self._exchange, self._upstream, self._app = exchange, upstream, app
        self._reader = Reader(app)
        self._until_answer = Limit(answer_s, "no answer")
        self._protocol = upgrade_of(exchange)
        self._answered_at = 0.0
        self._sending: asyncio.Future[None] | None = None

    async def run(self) -> None:
        """Pass both on until the answer is whole.

        Raises AppFailed, BadMessage for a visitor's body that is none, and OSError or EOFError
        when the visitor left.
        """
        self._sending = sending = asyncio.ensure_future(self._send())
        answering = asyncio.ensure_future(self._answer())
        try:
            await asyncio.wait({sending, answering}, return_when=asyncio.FIRST_COMPLETED)
            # An app may refuse before it has read everything: its answer counts.
            if not answering.done():
                sending.result()
                await self._watch(answering)
            answering.result()
        finally:
            for task in (sending, answering):
                task.cancel()
            await asyncio.gather(sending, answering, return_exceptions=True)
            await self._reader.stop()
            self._app.close()

    async def _watch(self, answering: asyncio.Task[None]) -> None:
        """Wait for the end of the answer, or of the visitor."""
        reader = self._exchange.reader
        ahead = reader.look_ahead()
        await asyncio.wait({answering, ahead}, return_when=asyncio.FIRST_COMPLETED)
        if answering.done():
            return
        ahead.result()
        # Whoever has ended their side may be waiting for the answer, or be gone: nobody can tell.
        now, left_s = asyncio.get_running_loop().time, self._exchange.limits.half_closed
        self._answered_at = now()
        while not answering.done():
            await asyncio.wait({answering}, timeout=left_s)
            if reader.ended and not self._exchange.upgraded and now() - self._answered_at >= left_s:
                raise EOFError("the visitor left before the answer")

    async def _send(self) -> None:
        """Send the app the request; what it does not take is no failure if it answers."""
        request, body = self._exchange.request, self._exchange.body
        page, app_host = self._exchange.host, self._upstream.app_host
        fields = to_app(request.fields, app_host.host or page, page, self._exchange.address)
        fields = app_host.to_app(fields, page) + of_connection(request.fields, self._protocol)
        framing = passed_framing(request, body.framing)
        fields += framing_fields(framing)
        line = b"%s %s HTTP/1.1" % (request.method, request.target)
        writer = BodyWriter(self._app, framing)
        # Together: an app that reads no body and closes resets it where that came behind its head.
        early = await self._asked() if body.ready else b""
        if not await self._taken(writer.write(early, head_bytes(line, fields))):
            return
        while not body.ended:
            self._until_answer.hold()
            data = await self._asked()
            self._until_answer.touch()
            if data and not await self._taken(writer.write(data)):
                return
        await self._taken(writer.end(trailers_to_app(body.trailers)))

    async def _asked(self) -> bytes:
        """Read of the visitor's body; BadMessage also where it breaks off."""
        try:
            with Limit(self._exchange.limits.upload, "no piece of the request came"):
                return await self._exchange.body.read()
        except (EOFError, TooSlow):
            raise BadMessage("The request broke off.") from None

    async def _taken(self, writing: Awaitable[None]) -> bool:
        """Whether the app took something."""
        try:
            await writing
        except OSError:
            return False
        self._until_answer.touch()
        return True

    async def _answer(self) -> None:
        """Send the visitor the app's answer."""
        exchange = self._exchange
        answer = await of_app(self._final_head(), self._upstream.context is None)
        fields = self._upstream.app_host.from_app(answer.fields, exchange.host)
        if answer.status == 101:
            if self._protocol is None:
                raise AppFailed("it switches protocols unasked")
            # The other protocol begins behind the request (RFC 9110 section 7.8).
            assert self._sending is not None
            await asyncio.wait({self._sending})
            if not exchange.body.ended:
                raise AppFailed("it switches protocols before the end of the request")
            switching = switching_fields(answer.fields, self._protocol)
            await exchange.switch(answer.reason, [*fields, *switching])
            left_s = exchange.limits.half_closed
            await splice(exchange.reader, exchange.stream, self._reader, self._app, left_s)
            return
        fields += required_fields(answer)
        framing = self._framing(answer)
        fields += spared_fields(answer, exchange.request.method)
        body = BodyReader(self._reader, framing, forgiving=True)
        # What is wrong with it at once can still be told.
        early = await of_app(self._piece(body)) if body.ready else b""
        writer = await exchange.begin(answer.status, answer.reason, fields, framing, early)
        while data := await of_app(self._piece(body)):
            await writer.write(data)
            self._answered_at = asyncio.get_running_loop().time()
        await writer.end(passed_trailers(body.trailers))

    async def _piece(self, body: BodyReader) -> bytes:
        """Read of the body, nothing at the end: a reset too, of an app that read no upload."""
        try:
            return await body.read()
        except ConnectionResetError:
            if body.framing.kind != "close" or self._exchange.body.framing.kind == "none":
                raise
            return b""

    async def _final_head(self) -> Answer:
        """Read the head of the answer; pass on those that come before it."""
        with self._until_answer:
            while True:
                answer = await read_answer(self._reader)
                self._until_answer.touch()
                if answer.status >= 200 or answer.status == 101:
                    return answer
                fields = self._upstream.app_host.from_app(answer.fields, self._exchange.host)
                await self._exchange.inform(answer.status, answer.reason, fields)

    def _framing(self, answer: Answer) -> Framing:
        try:
            return answer_framing(answer, self._exchange.request.method)
        except BadMessage as error:
            raise AppFailed(str(error)) from None
