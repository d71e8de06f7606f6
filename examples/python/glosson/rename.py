"""`glosson rename`: claims another name, and gives the one before back once that is whole."""

from __future__ import annotations

from dataclasses import asdict, replace

from .api import Api, relay_trust
from .claim import Claiming
from .give_back import give_back
from .lock import lock_folder
from .options import RenameOptions
from .records import Account, FormerAccount
from .relay_address import read_relay_address
from .setup import certify
from .state import State
from .terminal import confirm, say, terminal_lines


async def rename(options: RenameOptions, state: State) -> None:
    """Do it, at the same relay; interrupted, it goes on when it is called again.

    Raises RuntimeError, ValueError or OSError, for the person; what was reached is kept.
    """
    state.create()
    lock = lock_folder(state.folder, "rename")
    try:
        await _rename(options, state)
    finally:
        lock.release()


async def _rename(options: RenameOptions, state: State) -> None:
    current, ca = state.needed_account(), state.ca()
    former = _left(state, current)
    if current.username != options.username:
        if former is not None:
            raise RuntimeError(
                f"Renaming {former.username} to {current.username} is not finished; do rename "
                f"{current.username} first"
            )
        former, current = current, await _claim(options, current, ca, state)
    elif former is None:
        raise RuntimeError(f"The name is {options.username} already")
    await certify(current, relay_trust(ca), state)
    await give_back(former, ca)
    state.forget(FormerAccount)
    say(f"Your page is at https://{current.hostname}")


def _left(state: State, current: Account) -> Account | None:
    """Return the account that a rename to `current` was to give back, and has not yet."""
    former = state.account(FormerAccount)
    if former is None or former.token != current.token:
        return former
    # It ended before the new account was kept: the only one that there is stays.
    state.forget(FormerAccount)
    return None


async def _claim(options: RenameOptions, current: Account, ca: str | None, state: State) -> Account:
    lines = terminal_lines()
    if not options.yes:
        there = f"This claims {options.username} and then gives {current.hostname} back."
        await confirm(there, "--yes", lines)
    api = Api(read_relay_address(current.relay), relay_trust(ca))
    found = await Claiming(api, state, lines, options.bio_file).claim(options.username)
    # Until it is given back, nobody else has its token.
    state.save(FormerAccount(**asdict(current)))
    state.forget_identity()
    account = replace(
        current,
        username=options.username,
        hostname=found["hostname"],
        token=found["token"],
        certificateBy=None,
    )
    state.save(account)
    return account
