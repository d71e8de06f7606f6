"""`glosson domain`: domains of the user's own, with certificates that the user gets."""

from __future__ import annotations

import asyncio
import time

from .acme_account import Terms, acme_account
from .api import Api, relay_trust
from .domain_name import is_domain
from .identity import Identity, check_identity, rfc3339
from .kept_domains import AcmeAccount, KeptDomains
from .lock import take_lock
from .options import DomainOptions
from .problem import RelayProblem, shown
from .records import Account, strings
from .relay_address import read_relay_address
from .state import State
from .terminal import say

FEATURE = "own-domains"  # word for this in what a relay says of itself
RECORD = "_glosson."  # stands before a domain where a TXT record names its user

FIRST_LOOK_S, LONGEST_LOOK_S = 5.0, 90.0  # between looks at the DNS: a relay grants 60 an hour
LONGEST_ASKED_S = 15 * 60.0  # that a relay may ask for, and is waited out
CERTIFICATE_S, CERTIFICATE_LOOK_S = 180.0, 1.0  # that a run may take for it, and between looks

LEAD = """\
Have {domain} lead to {hostname}, by one of these records in its DNS:

    {domain}.  CNAME  {hostname}.
    {record}{domain}.  TXT  "{hostname}"    (with addresses as {hostname} has them)

Waiting for it; the same command goes on after Ctrl-C."""

CAA = """\
To let nobody else have certificates for it, the relay included, set these records too. They cannot
stand beside a CNAME: take the TXT record, or set them for the domain above.

    {domain}.  CAA  0 issue "{authority}; accounturi={url}; validationmethods=tls-alpn-01"
    {domain}.  CAA  0 issuewild ";"
"""


async def domain(options: DomainOptions, state: State) -> None:
    """Do it; what was reached is kept. Raises RuntimeError or ValueError, for the person."""
    account = state.needed_account()
    api = Api(read_relay_address(account.relay), relay_trust(state.ca()), account.token)
    kept = KeptDomains(state)
    if options.action == "list":
        await list_domains(api, kept)
        return
    assert options.domain is not None
    if options.action == "add":
        await _Adding(options, options.domain, account, api, kept, state).add()
        return
    kept.remove(options.domain)  # first: a run that goes on would add it at the relay again
    await api.remove_domain(options.domain)
    say(f"{options.domain} leads to you no more. Take its records out of the DNS.")


class _Adding:
    def __init__(
        self,
        options: DomainOptions,
        domain: str,
        account: Account,
        api: Api,
        kept: KeptDomains,
        state: State,
    ) -> None:
        self._options, self._domain, self._account = options, domain, account
        self._api, self._kept, self._state = api, kept, state

    async def add(self) -> None:
        name, kept, hostname = self._domain, self._kept, self._account.hostname
        if FEATURE not in strings((await self._api.relay_info()).get("features")):
            raise RuntimeError(
                "This relay routes no domains of your own; ask its operator for a newer one"
            )
        others = [other for other in kept.domains() if other != name]
        if self._account.certificateBy == "own":
            others.append(hostname)
        account, terms = await acme_account(self._options.acme, kept, others)
        say(LEAD.format(domain=name, hostname=hostname, record=RECORD))
        await self._until_it_leads()
        kept.add(name)
        say(f"{name} leads to you.\n\n{_caa_advice(name, account, terms)}")
        await self._until_it_has_a_certificate()

    async def _until_it_leads(self) -> None:
        told, pause = "", FIRST_LOOK_S
        while True:
            try:
                await self._api.put_domain(self._domain)
                return
            except RelayProblem as problem:
                asked = problem.retry_after_s or 0.0
                passing = problem.code in ("domain-not-pointed", "rate-limited")
                if not passing or asked > LONGEST_ASKED_S:
                    raise
                if str(problem) != told:
                    told = str(problem)
                    say(f"Not yet: {told}")
            await asyncio.sleep(max(asked, pause))
            pause = min(pause * 1.5, LONGEST_LOOK_S)

    async def _until_it_has_a_certificate(self) -> None:
        """Wait for the certificate, where a `glosson run` is there to get it."""
        over, waited = time.monotonic() + CERTIFICATE_S, False
        while time.monotonic() < over:
            identity = _usable(self._kept, self._domain)
            if identity is not None:
                until = rfc3339(identity.not_after)
                say(
                    f"Your page is at https://{self._domain} as well; its certificate is good "
                    f"until {until}."
                )
                return
            lock = take_lock(self._state.path("lock"))
            if lock is not None:
                lock.release()
                say("Its certificate comes with the next glosson run.")
                return
            if not waited:
                say("The glosson run that is here gets its certificate...")
            waited = True
            await asyncio.sleep(CERTIFICATE_LOOK_S)
        say(
            "There is no certificate yet: what glosson run says tells why, and it tries again by "
            "itself."
        )


def _caa_advice(domain: str, account: AcmeAccount, terms: Terms) -> str:
    """Return the records that let nobody but this account have certificates (RFC 8657)."""
    if not terms.caa_identities:
        return "The authority tells no name for CAA records, so none can bar the others.\n"
    authority = shown(terms.caa_identities[0])
    return CAA.format(domain=domain, authority=authority, url=shown(account.url))


async def list_domains(api: Api, kept: KeptDomains) -> None:
    """Say of each domain whether it leads here, and how long its certificate is good."""
    routed = [one for one in strings((await api.account()).get("domains")) if is_domain(one)]
    every = dict.fromkeys([*kept.domains(), *routed])
    if not every:
        say("You have no domain of your own: glosson domain add DOMAIN")
    for one in every:
        identity = _usable(kept, one)
        leads = "leads to you" if one in routed else "LEADS ELSEWHERE: mend its records"
        certificate = "no certificate here"
        if identity is not None:
            certificate = f"certificate good until {rfc3339(identity.not_after)}"
        say(f"{shown(one)}: {leads}; {certificate}")


def _usable(kept: KeptDomains, domain: str) -> Identity | None:
    saved = kept.identity(domain)
    try:
        return None if saved is None else check_identity(saved, domain, time.time())
    except ValueError:
        return None
