"""Names below the page's own, as `app.NAME.BASE`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from .records import Account
from .state import State

MAX_ALSO = 10  # that a relay lets a user have at most

_LABEL = re.compile(r"(?!..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def read_label(text: str) -> str:
    """Read what stands before the page's own name; raises ValueError when that cannot be."""
    if _LABEL.fullmatch(text):
        return text
    raise ValueError(
        f'"{text}" cannot be a name below yours: 1 to 63 of a-z, 0-9 and "-", '
        'no "-" at an end, no "--" in places 3 and 4'
    )


def read_also(told: list[str] | None) -> tuple[str, ...] | None:
    """Return the labels sorted, each once; None: nothing was said. Raises ValueError."""
    if told is None:
        return None
    also = tuple(sorted(set(told)))
    if len(also) > MAX_ALSO:
        raise ValueError(f"--also takes {MAX_ALSO} names at most")
    return also


def hosts_of(account: Account) -> list[str]:
    """Return the page's own host, and those below it that it has as well."""
    return [account.hostname, *(f"{label}.{account.hostname}" for label in account.also)]


def with_also(account: Account, also: Sequence[str] | None, state: State) -> Account:
    """Return the account with these names below its own, kept so; with its own for None.

    Written only where that changes it: its folder may be read-only.
    """
    if also is None or tuple(also) == account.also:
        return account
    changed = replace(account, also=tuple(also))
    state.save(changed)
    return changed
