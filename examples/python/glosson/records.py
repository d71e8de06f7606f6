"""What the files of the state folder hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class NothingSetUp(RuntimeError):
    """There is no account in the state folder."""

    def __init__(self, folder: Path) -> None:
        """Say so, and what to do."""
        super().__init__(f"Nothing is set up in {folder}; begin with python -m glosson setup")


@dataclass(frozen=True)
class Account:
    """Who this computer is at the relay; the names are those of the file."""

    username: str
    hostname: str  # USER.BASE
    relay: str  # URL
    token: str  # bearer secret: never shown, never logged
    keyType: str = "ecdsa"  # noqa: N815
    also: tuple[str, ...] = ()  # labels of the names below `hostname` that the page has as well
    certificateBy: str | None = None  # noqa: N815  # own or server; None: the relay


class FormerAccount(Account):
    """The account that an unfinished `rename` is to give back."""


@dataclass(frozen=True)
class PendingClaim:
    """A claim that waits for its code to stand in the bio."""

    relay: str
    username: str
    hostname: str
    claim: str  # bearer secret
    code: str  # public
    expiresAt: str  # noqa: N815  # RFC 3339


@dataclass(frozen=True)
class PendingRequest:
    """A certificate request that the relay works on, and the key that it is for (PEM)."""

    id: str
    key: str


@dataclass(frozen=True)
class SavedIdentity:
    """A private key with its certificate chain, PEM, and when the relay advised to renew."""

    key: str
    chain: str
    renew_after: str | None = None


def strings(told: object) -> list[str]:
    """Return the texts in a list that a file has; none where it is no list."""
    return [one for one in told if isinstance(one, str)] if isinstance(told, list) else []
