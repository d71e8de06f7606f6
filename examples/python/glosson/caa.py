"""`glosson caa`: who alone may order certificates for the page's names, by CAA records."""

from __future__ import annotations

import time
from dataclasses import replace

from .acme_account import acme_account
from .api import Api, relay_trust
from .identity import rfc3339
from .kept_domains import KeptDomains
from .options import CaaOptions
from .problem import shown
from .records import Account, strings
from .relay_address import read_relay_address
from .state import State
from .terminal import say

FEATURE = "caa"  # word for this in what a relay says of itself


async def caa(options: CaaOptions, state: State) -> None:
    """Have the relay write it, or tell how it stands.

    Raises RuntimeError or ValueError, for the person.
    """
    account = state.needed_account()
    api = Api(read_relay_address(account.relay), relay_trust(state.ca()), account.token)
    if FEATURE not in strings((await api.relay_info()).get("features")):
        raise RuntimeError(
            "This relay writes no CAA records for its users: it is too old, or does not hold the "
            "DNS of its names"
        )
    if options.who is None:
        say(_text(account.hostname, await api.caa()))
        return
    change = await _change(options, account, state)
    say(_text(account.hostname, await api.set_caa(change)))
    _save_orderer(options, account, state)


async def _change(options: CaaOptions, account: Account, state: State) -> dict[str, object]:
    """Return what to ask the relay for."""
    if options.who != "own":
        return {"account": "relay" if options.who == "relay" else None}
    if account.also:
        raise RuntimeError(
            "The relay orders for names below yours, and would no more "
            f"({', '.join(account.also)}): give them up with glosson run --no-also first"
        )
    if options.account is not None:
        return {"account": options.account, "authority": options.authority}
    kept = KeptDomains(state)
    # By the account that there is, until it is given up.
    own = [account.hostname] if account.certificateBy == "own" else []
    acme, terms = await acme_account(options.acme, kept, [*kept.domains(), *own])
    authority = options.authority or next(iter(terms.caa_identities), None)
    if authority is None:
        raise RuntimeError("The authority tells no name for CAA records: name it with --authority")
    return {"account": acme.url, "authority": authority}


def _save_orderer(options: CaaOptions, account: Account, state: State) -> None:
    """Keep who orders the page's certificate from now on; a run reads it when one is due."""
    now = state.needed_account()
    if now.token != account.token:  # a setup or rename came between
        raise RuntimeError("Your name was set up anew meanwhile: say glosson caa again")
    orders = "own" if options.account is None else "server"
    by = orders if options.who == "own" else None
    if by == now.certificateBy:
        return
    state.save(replace(now, certificateBy=by))
    if by == "server":
        say("\nThe program with that account gets the certificate: glosson run --tls-upstream")
        return
    identity = state.identity()
    if identity is not None:
        state.save_identity(replace(identity, renew_after=rfc3339(time.time())))
    say(
        "\nThe next glosson run gets a certificate by it; one that is here already, with its "
        "renewal."
    )


def _text(hostname: str, told: dict[str, object]) -> str:
    account, detail = told.get("account"), told.get("detail")
    if account is None:
        who = (
            f"Nobody is barred by records of {hostname} itself; "
            "what the relay's domain says of certificates holds."
        )
    else:
        whose = "the relay's account" if account == "relay" else shown(account)
        records = "\n".join(f"    {shown(record)}" for record in strings(told["records"]))
        who = (
            f"Certificates for {hostname}, and names below it, are for {whose} alone to order:"
            f"\n\n{records}"
        )
    if told["written"]:
        return who
    return f"{who}\n\nThe DNS is not so yet: {shown(detail or 'the relay gives no reason')}"
