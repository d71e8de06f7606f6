"""Gives names back to their relay."""

from __future__ import annotations

from .api import Api, relay_trust
from .problem import RelayProblem
from .records import Account, FormerAccount
from .relay_address import read_relay_address
from .state import State
from .terminal import say


async def give_back(account: Account, ca: str | None) -> None:
    """Release a name at its relay, and say so; raises RelayProblem or RelayUnreachable.

    That it is gone already, or taken over, is as good. `ca` are further authorities to trust, PEM.
    """
    api = Api(read_relay_address(account.relay), relay_trust(ca), account.token)
    try:
        await api.release()
    except RelayProblem as problem:
        if problem.status != 401:
            raise
        say(f"{problem} Forgetting it here.")
    say(f"{account.hostname} is given back.")


async def give_former_back(state: State, ca: str | None, kept: str) -> None:
    """Release the name that an unfinished `rename` was to give back.

    Not if it is the host name that is `kept`: then that one is this account's again. Raises as
    `give_back`, and the name can be given back later.
    """
    former = state.account(FormerAccount)
    if former is None:
        return
    if former.hostname != kept:
        await give_back(former, ca)
    state.forget(FormerAccount)
