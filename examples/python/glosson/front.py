"""All visitors that are being served: how many at most, and with which certificate."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import Sequence
from pathlib import Path

from .data_connection import Joined
from .exchange import Site
from .places import Places, refuse
from .tls_contexts import TlsContexts
from .visit import Visit
from .visitor_limits import VISITOR_LIMITS, VisitorLimits

# Without a byte for so long, a request that is on its way is not to be expected.
QUIET_S = 1.0

log = logging.getLogger(__name__)


class Front(Places[Visit]):
    """Serves visitors; when there is no place left, who is missed least gives theirs."""

    def __init__(
        self,
        hosts: Sequence[str],
        site: Site,
        contexts: TlsContexts,
        max_visitors: int,
        limits: VisitorLimits = VISITOR_LIMITS,
    ) -> None:
        """Serve the page at these hosts, its own first, to so many at once."""
        super().__init__(max_visitors)
        self._limits = limits
        self.hosts, self._site = list(hosts), site  # its own first
        self.contexts = contexts
        contexts.on_change = self._retire

    def use(self, identity: Path) -> None:
        """Serve new visitors with this key and chain, in one PEM file.

        The others keep theirs for the next answer, which says close.
        """
        self.contexts.use(identity)

    def _retire(self, context: ssl.SSLContext) -> None:
        for visit in self._visits.values():
            if visit.context is context:
                visit.retire()

    def renew(self) -> None:
        """Have visitors come anew for what they ask next: the relay that they came by is leaving.

        It would wait for them. Connections that are only kept are closed, the others once they are
        answered.
        """
        self._end_kept()
        asyncio.get_running_loop().call_later(QUIET_S, self._end_kept)

    def _end_kept(self) -> None:
        quiet_since = time.monotonic() - QUIET_S
        for visit in self._visits.values():
            visit.retire()
            # Who has just come may be asking for the first time.
            if visit.idle_since is not None and visit.moved_at < quiet_since:
                visit.leave()

    async def serve(self, joined: Joined) -> None:
        """Serve a visitor until they leave; closes the connection, raises nothing of theirs."""
        if not self.has_place(joined.address):
            await refuse(joined.conn)
            return
        visit = Visit(joined.conn, joined.address, self.hosts, self._site, self._limits)
        await self.occupy(visit, self._run(visit))

    async def stop(self, grace_s: float) -> None:
        """End idle visits at once, and the others when they are done or the time is over."""
        for task, visit in list(self._visits.items()):
            visit.leaving = True
            visit.retire()
            if visit.idle_since is not None:
                task.cancel()
        await super().stop(grace_s)

    async def _run(self, visit: Visit) -> None:
        try:
            await visit.run(self.contexts)
        except (OSError, EOFError) as error:
            log.debug("A visitor's connection ended: %s", error or type(error).__name__)
        except asyncio.CancelledError:
            pass  # by this class only: there is no place left, or the program ends
        except Exception:  # a fault of this program must not take the page away from others
            log.exception("Cannot serve a visitor")
