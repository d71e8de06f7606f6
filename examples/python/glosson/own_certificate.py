"""Who orders the page's certificate, where the relay does not (`glosson caa`)."""

from __future__ import annotations

import asyncio
import time

from .acme import Acme
from .acme_order import Prove, order
from .identity import Identity, check_identity
from .kept_domains import KeptDomains
from .known_keys import note_key
from .options import RunOptions
from .records import Account
from .state import State

NOT_HERE = (
    "With --tls-upstream the certificate is that server's to get: glosson caa own --account URL "
    "--authority NAME"
)
SERVER_ORDERS = (
    "Another program orders your certificate (glosson caa): give it visitors by --tls-upstream, "
    "or say glosson caa relay, own or off"
)


def require_orderer(account: Account, options: RunOptions) -> None:
    """Check that they can order in a run; raises RuntimeError with a message for the person."""
    if account.certificateBy is None:
        return
    if account.also:
        raise RuntimeError(
            "The relay orders for names below yours, and orders nothing for you (glosson caa): "
            "say --no-also"
        )
    if account.certificateBy == "own" and options.tls_upstream is not None:
        raise RuntimeError(NOT_HERE)
    if account.certificateBy == "server" and options.tls_upstream is None:
        raise RuntimeError(SERVER_ORDERS)


async def order_own_certificate(
    state: State, account: Account, prove: Prove | None, online: asyncio.Event
) -> Identity:
    """Get a certificate for the page's own name with the user's ACME account, and save it.

    Waits until visitors, and so an authority, can reach this client. Raises AcmeProblem,
    RuntimeError or ValueError, also where there is no account.
    """
    domains = KeptDomains(state)
    kept = domains.account()
    if kept is None:
        raise RuntimeError("There is no account to order with: glosson caa own")
    if prove is None:
        raise RuntimeError(NOT_HERE)
    await online.wait()
    before = state.identity()
    acme = Acme(kept.directory, kept.ca, kept.key, kept.url)
    saved = await order(
        *(acme, account.hostname, account.keyType, prove),
        lambda key: note_key(state, key),
        None if before is None else before.chain,
        lambda url: domains.note_registered(kept, url),
    )
    checked = check_identity(saved, account.hostname, time.time())
    await asyncio.to_thread(state.save_identity, saved)
    return checked
