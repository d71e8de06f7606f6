"""A TLS server of the user's own (Caddy, nginx), which gets visitors' bytes as they come."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from .data_connection import Joined
from .places import Places, Watched, group_of, refuse
from .reader import Reader
from .splice import splice
from .upstream import Upstream

IDLE_S = 15.0  # of silence, after which a visit may be ended for another one

log = logging.getLogger(__name__)


class _Visit:
    """One visitor."""

    def __init__(self, joined: Joined) -> None:
        self.leaving = False
        self.conn, self.group = Watched(joined.conn), group_of(joined.address)

    @property
    def moved_at(self) -> float:
        return self.conn.moved_at

    @property
    def idle_since(self) -> float | None:
        return self.moved_at if time.monotonic() - self.moved_at >= IDLE_S else None


class TlsUpstream(Places[_Visit]):
    """Passes visitors on; if there is no place left, who is missed least gives theirs."""

    def __init__(self, upstream: Upstream, proxy_protocol: bool, max_visitors: int) -> None:
        """Pass so many at once on to a server; with the PROXY protocol header first, or without."""
        super().__init__(max_visitors)
        self._upstream, self._proxy_protocol = upstream, proxy_protocol
        self._is_first = True

    def use(self, identity: Path) -> None:
        """Tell when the certificate is another one: it is for the server to load."""
        if not self._is_first:
            log.info("The TLS server has to load the renewed certificate in %s", identity)
        self._is_first = False

    def renew(self) -> None:
        """Do nothing: what is asked and answered within TLS is not known here."""

    async def serve(self, joined: Joined) -> None:
        """Pass a visitor's bytes on until they leave; closes the connection."""
        if not self.has_place(joined.address):
            await refuse(joined.conn)
            return
        visit = _Visit(joined)
        try:
            await self.occupy(visit, self._run(joined, visit))
        finally:  # also of who gave their place while the server was being reached
            joined.conn.close()

    async def _run(self, joined: Joined, visit: _Visit) -> None:
        try:
            server = await self._upstream.connect()
        except OSError as error:
            log.warning(
                "Cannot reach the TLS server of --tls-upstream at %s: %s", self._upstream, error
            )
            await refuse(joined.conn)
            return
        visitor, answers = Reader(visit.conn), Reader(server)
        try:
            if self._proxy_protocol:
                await server.write(joined.header)
            await splice(visitor, visit.conn, answers, server)
        except OSError as error:
            log.debug("A visitor's connection broke: %s", error or type(error).__name__)
        finally:
            await visitor.stop()
            await answers.stop()
            server.close()
