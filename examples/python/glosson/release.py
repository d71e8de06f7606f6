"""`glosson release`: gives the name back to the relay."""

from __future__ import annotations

from .give_back import give_back, give_former_back
from .install import installed
from .kept_domains import KeptDomains
from .records import Account, PendingClaim
from .state import State
from .terminal import confirm, say, terminal_lines


async def release(state: State, sure: bool) -> None:
    """Release the name and forget what was kept for it; RuntimeError, for the person."""
    account = state.needed_account()
    if not sure:
        there = (
            f"This gives {account.hostname} back: its page is gone, "
            "and after a while others may claim it."
        )
        await confirm(there, "--yes", terminal_lines())
    ca = state.ca()
    await give_former_back(state, ca, account.hostname)
    await give_back(account, ca)
    for kind in (PendingClaim, Account):
        state.forget(kind)
    state.forget_identity()
    KeptDomains(state).forget()
    state.save_ca(None)
    job = installed(state)
    if job is not None:
        say(f"glosson is still installed, by {job['by']}: uninstall ends it.")
