"""`glosson run`: be online, and serve what visitors see."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from pathlib import Path

from .acme_order import self_signed
from .also import hosts_of, with_also
from .api import Api, relay_trust
from .built_in_page import built_in_page
from .certificate import obtain_certificate
from .client import Client, VisitorEnd
from .data_connection import Joined
from .descriptors import allow_visitors
from .endings import Ending
from .exchange import Site
from .front import Front
from .health import Health
from .identity import Identity, check_identity
from .keep_domains import Keeping, keep_domains
from .kept_domains import KeptDomains
from .lock import lock_folder
from .log_file import begin_log
from .options import RunOptions
from .own_certificate import SERVER_ORDERS, order_own_certificate, require_orderer
from .proxy import upstream_site
from .records import Account
from .relay_address import read_relay_address
from .renewal import first_certificate, keep_certificate
from .state import State
from .static_files import static_files
from .stay_online import stay_online
from .tls_contexts import TlsContexts
from .tls_upstream import TlsUpstream
from .until_signal import until_signal
from .visitor_limits import limits_for

LEAVING_S = 5.0  # for open answers to finish

log = logging.getLogger("glosson")


async def run(options: RunOptions, state: State) -> Ending | None:
    """Be online until a signal asks to leave; return why when it ended by itself.

    Raises RuntimeError, ValueError or OSError, for the person, when it cannot begin.
    """
    begin_log(options.verbose, options.log_file)
    allow_visitors(options.max_visitors)
    # Without one there is nothing to lock; until it is locked, a setup or rename may change it.
    state.needed_account()
    lock = lock_folder(state.folder, "run")
    try:
        account = with_also(state.needed_account(), options.also, state)
        require_orderer(account, options)
        return await until_signal(_Run(options, state, account).serve())
    finally:
        lock.release()


class _Run:
    def __init__(self, options: RunOptions, state: State, account: Account) -> None:
        self._state, self._account, self._options = state, account, options
        trust = relay_trust(state.ca())
        api = Api(read_relay_address(account.relay), trust, account.token)
        self._api = api
        self._front = self._end()
        self._health = Health(state, options.data_over)
        self._client = Client(
            *(api, trust, account.token, self._front, options.pool, self._serve, self._health),
            state=state,
            transport=options.data_over,
        )
        self._visitors: set[asyncio.Task[None]] = set()

    def _end(self) -> VisitorEnd:
        options = self._options
        if options.tls_upstream is not None:
            return TlsUpstream(options.tls_upstream, options.proxy_protocol, options.max_visitors)
        most, silence = options.max_visitors, options.visitor_silence
        contexts = TlsContexts(self._state.folder)
        return Front(hosts_of(self._account), self._site(), contexts, most, limits_for(silence))

    def _site(self) -> Site:
        options = self._options
        if options.upstream is not None:
            return upstream_site(options.upstream, options.app_silence)
        if options.dir is not None:
            return static_files(Path(options.dir), self._state.folder)
        return built_in_page

    async def serve(self) -> Ending:
        try:
            return await self._be_online()
        finally:
            self._health.end()

    async def _be_online(self) -> Ending:
        keeping = [await self._begin_renewing()]
        if isinstance(self._front, Front):
            keeping.append(asyncio.ensure_future(keep_domains(self._domains(self._front))))
        try:
            return await stay_online(self._client)
        finally:
            for task in keeping:
                if task is not None:
                    task.cancel()
            if self._front.visitors:
                log.info("Leaving, letting open answers finish: %d", self._front.visitors)
            await self._front.stop(LEAVING_S)
            if self._visitors:
                await asyncio.wait(self._visitors, timeout=LEAVING_S)

    async def _begin_renewing(self) -> asyncio.Task[None] | None:
        """Have a certificate, and return what renews it; None where another program does both."""
        by = self._account.certificateBy
        if by == "server":
            return None
        identity = self._saved_identity()
        if identity is None and by == "own" and isinstance(self._front, Front):
            # An authority can reach the client only once it is online.
            stand_in = self_signed(self._account.hostname)
            self._front.contexts.use(stand_in)
            identity = check_identity(stand_in, self._account.hostname, time.time())
        else:
            identity = identity or await first_certificate(self._obtain)
            self._use(identity)
        also = hosts_of(self._account)[1:]
        return asyncio.ensure_future(keep_certificate(identity, self._obtain, self._use, also))

    def _serve(self, joined: Joined) -> None:
        task = asyncio.ensure_future(self._front.serve(joined))
        self._visitors.add(task)
        task.add_done_callback(self._visitors.discard)

    async def _obtain(self, had: Sequence[str] | None) -> Identity:
        """Get one from whoever orders at the time (`glosson caa`)."""
        by = self._state.needed_account().certificateBy
        if by == "server":
            raise RuntimeError(SERVER_ORDERS)
        if by is None:
            return await obtain_certificate(self._api, self._state, self._account, had)
        prove = self._front.contexts.prove if isinstance(self._front, Front) else None
        return await order_own_certificate(self._state, self._account, prove, self._health.reached)

    def _domains(self, front: Front) -> Keeping:
        return Keeping(
            *(KeptDomains(self._state), self._api, front.contexts, front.hosts),
            key_type=self._account.keyType,
            online=self._health.reached,
        )

    def _use(self, _identity: Identity) -> None:
        self._front.use(self._state.identity_path)

    def _saved_identity(self) -> Identity | None:
        """Return the saved key and certificate; being due for renewal is no hindrance."""
        saved = self._state.identity()
        if saved is None:
            return None
        try:
            return check_identity(saved, self._account.hostname, time.time())
        except ValueError as error:
            log.warning("%s; asking for another", error)
            return None
