"""Serves the user's own domains, each with a certificate of its own, as long as a run lasts."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass

from .acme import Acme
from .acme_order import order
from .api import Api
from .backoff import Backoff
from .identity import Identity, check_identity, rfc3339
from .kept_domains import AcmeAccount, KeptDomains
from .problem import asked_pause, is_fault
from .records import SavedIdentity, strings
from .renewal import next_look, renewal_time
from .renewal_window import with_window
from .tls_contexts import TlsContexts

LOOK_S = 3.0  # between looks whether `glosson domain` has added or removed one
# Pauses after something failed. Let's Encrypt takes 5 failed proofs of a name an hour, so that the
# shortest is added to each.
SHORTEST_PAUSE_S, FIRST_PAUSE_S, LONGEST_PAUSE_S = 120.0, 600.0, 21_600.0
ASK_WINDOW_S = 6 * 3600.0  # between questions when an authority wants a renewal (RFC 9773)

log = logging.getLogger(__name__)


@dataclass
class Keeping:
    """What keeping domains takes."""

    kept: KeptDomains
    api: Api
    contexts: TlsContexts
    hosts: list[str]  # names that requests are answered for: the domains are added to them
    key_type: str
    online: asyncio.Event  # set while visitors can reach this client, and so an authority


async def keep_domains(keeping: Keeping) -> None:
    """Serve them until it is cancelled; those that are added or removed meanwhile are noticed."""
    tasks: dict[str, asyncio.Task[None]] = {}
    told = None
    try:
        while True:
            try:
                domains = keeping.kept.domains()
            except Exception as error:
                if str(error) != told:
                    told = str(error)
                    log.error("Cannot look after your domains: %s", told, exc_info=is_fault(error))
            else:
                told = None
                for domain in [one for one in tasks if one not in domains]:
                    await _end(tasks.pop(domain))
                for domain in domains:
                    if domain not in tasks:
                        tasks[domain] = asyncio.ensure_future(_Keeper(domain, keeping).run())
            await asyncio.sleep(LOOK_S)
    finally:
        for task in tasks.values():
            await _end(task)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})


class _Keeper:
    """One domain: whether it leads here at the relay, and its certificate."""

    def __init__(self, domain: str, keeping: Keeping) -> None:
        self._domain, self._keeping = domain, keeping
        self._identity: Identity | None = None
        self._ask_window_at = 0.0  # by the clock that does not jump

    async def run(self) -> None:
        """Keep it until it is cancelled, and serve it no more then."""
        contexts, hosts = self._keeping.contexts, self._keeping.hosts
        backoff = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
        hosts.append(self._domain)
        try:
            self._begin()
            while True:
                await self._keeping.online.wait()
                try:
                    await self._act()
                except Exception as error:  # a fault as well: nothing would begin it again
                    pause = max(asked_pause(error), SHORTEST_PAUSE_S) + backoff.next()
                    wrong = "Something is wrong with your domain %s, trying again in %.0f s: %s"
                    told = (self._domain, pause, error)
                    log.error(wrong, *told, exc_info=is_fault(error))
                    await asyncio.sleep(pause)
                    continue
                backoff.reset()
                look = LOOK_S  # removed meanwhile
                if self._identity is not None:
                    look = next_look(renewal_time(self._identity), time.time())
                await asyncio.sleep(look)
        finally:
            hosts.remove(self._domain)
            contexts.use_for(self._domain, None)

    def _begin(self) -> None:
        """Serve the certificate that is there, if it can be used."""
        try:
            saved = self._keeping.kept.identity(self._domain)
            if saved is not None:
                self._use(saved)
        except (RuntimeError, ValueError, OSError) as error:
            bad = "The saved certificate of your domain %s cannot be used, asking for another: %s"
            log.warning(bad, self._domain, error)

    async def _act(self) -> None:
        """Do what is due."""
        # The relay takes a domain away whose DNS leads elsewhere: its records may be mended by now.
        domains = strings((await self._keeping.api.account()).get("domains"))
        # Unless it was removed here while the relay was asked.
        if self._domain not in domains and self._domain in self._keeping.kept.domains():
            await self._keeping.api.put_domain(self._domain)
        await self._ask_window()
        if self._identity is None or time.time() >= renewal_time(self._identity):
            await self._order()

    async def _ask_window(self) -> None:
        """Ask when the authority wants it renewed; without an answer it is as it was."""
        if self._identity is None or time.monotonic() < self._ask_window_at:
            return
        self._ask_window_at = time.monotonic() + ASK_WINDOW_S
        try:
            await self._keep(await with_window(_acme(self._account()), self._identity.saved))
        except (RuntimeError, ValueError) as error:
            log.warning("Cannot ask when to renew %s: %s", self._domain, error)

    async def _order(self) -> None:
        replaces = None if self._identity is None else self._identity.saved.chain
        key_type, prove = self._keeping.key_type, self._keeping.contexts.prove
        account = self._account()
        await self._keep(
            await order(
                *(_acme(account), self._domain, key_type, prove),
                replaces=replaces,
                on_account=lambda url: self._keeping.kept.note_registered(account, url),
            )
        )
        if self._identity is not None:
            good_until = rfc3339(self._identity.not_after)
            log.info("Your domain has a certificate: %s, good until %s", self._domain, good_until)

    async def _keep(self, saved: SavedIdentity) -> None:
        """Keep and serve a certificate, unless the domain has been removed."""
        check_identity(saved, self._domain, time.time())
        if await asyncio.to_thread(self._keeping.kept.save_identity, self._domain, saved):
            self._use(saved)

    def _use(self, saved: SavedIdentity) -> None:
        identity = check_identity(saved, self._domain, time.time())
        self._keeping.contexts.use_for(self._domain, self._keeping.kept.identity_path(self._domain))
        self._identity = identity

    def _account(self) -> AcmeAccount:
        account = self._keeping.kept.account()
        if account is None:
            raise RuntimeError(
                f"There is no account to order with: glosson domain add {self._domain}"
            )
        return account


def _acme(account: AcmeAccount) -> Acme:
    return Acme(account.directory, account.ca, account.key, account.url)
