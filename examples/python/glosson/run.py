"""`glosson run`: be online, and serve what visitors see."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from .also import hosts_of, with_also
from .api import Api, relay_trust
from .built_in_page import built_in_page
from .certificate import obtain_certificate
from .client import Client, VisitorEnd
from .data_connection import Joined
from .descriptors import allow_visitors
from .endings import Ending
from .exchange import Site
from .exit_codes import INTERRUPTED
from .front import Front
from .health import Health
from .identity import Identity, check_identity
from .lock import lock_folder
from .log_file import begin_log
from .options import RunOptions
from .orderer import require_orderer
from .proxy import upstream_site
from .records import Account
from .relay_address import read_relay_address
from .renewal import first_certificate, keep_certificate
from .state import State
from .static_files import static_files
from .stay_online import stay_online
from .tls_upstream import TlsUpstream

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
        return await _until_signal(_Run(options, state, account).serve())
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
        return Front(hosts_of(self._account), self._site(), most, silence)

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
        renewing = await self._begin_renewing()
        try:
            return await stay_online(self._client)
        finally:
            if renewing is not None:
                renewing.cancel()
            if self._front.visitors:
                log.info("Leaving, letting open answers finish: %d", self._front.visitors)
            await self._front.stop(LEAVING_S)
            if self._visitors:
                await asyncio.wait(self._visitors, timeout=LEAVING_S)

    async def _begin_renewing(self) -> asyncio.Task[None] | None:
        """Have a certificate, and return what renews it; None where another program does both."""
        if self._account.certificateBy is not None:
            return None
        identity = self._saved_identity() or await first_certificate(self._obtain)
        self._use(identity)
        also = hosts_of(self._account)[1:]
        return asyncio.ensure_future(keep_certificate(identity, self._obtain, self._use, also))

    def _serve(self, joined: Joined) -> None:
        task = asyncio.ensure_future(self._front.serve(joined))
        self._visitors.add(task)
        task.add_done_callback(self._visitors.discard)

    async def _obtain(self, had: Sequence[str] | None) -> Identity:
        return await obtain_certificate(self._api, self._state, self._account, had)

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


async def _until_signal(work: object) -> Ending | None:
    """Do the work until a signal, which lets it clean up; a second one does not."""
    task: asyncio.Task[Ending] = asyncio.ensure_future(work)  # type: ignore[call-overload]
    loop = asyncio.get_running_loop()
    leaving = False

    def leave() -> None:
        nonlocal leaving
        if leaving:
            os._exit(INTERRUPTED)
        leaving = True
        task.cancel()

    for number in _leaving_signals():
        try:
            loop.add_signal_handler(number, leave)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(leave))
    try:
        return await task
    except asyncio.CancelledError:
        if leaving:
            return None
        raise


def _leaving_signals() -> list[signal.Signals]:
    signals = [signal.SIGINT, signal.SIGTERM]
    # The end of the terminal, but where whoever started this has it ignored, as nohup does.
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signals.append(signal.SIGHUP)
    return signals
