"""What is kept for the user's own domains, in a folder of the state folder.

Files are whole at every moment: `glosson domain` writes them beside a `run`.
"""

from __future__ import annotations

import json
import logging
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from .identity_file import identity_text, read_identity_text
from .read_json import read_json, read_text
from .records import SavedIdentity, strings
from .state import State
from .write_privately import write_privately

FOLDER = "domains"
_ACCOUNT, _LIST = "acme.json", "domains.json"
_MEND = "remove it and add your domains again"
_MOVED = (
    "The authority had forgotten your account %s, which is %s now: CAA records with the former one "
    "allow it nothing. For your page say glosson caa own again; change those of your domains"
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AcmeAccount:
    """The user's account at an ACME server; the names are those of the file."""

    directory: str  # where that server begins (RFC 8555 section 7.1.1)
    key: str  # PKCS #8, PEM
    url: str  # the account's there
    ca: str | None = None  # authorities to trust when talking to it, besides the system's; PEM


class KeptDomains:
    """The folder; what is read of it raises RuntimeError, for the person, where it is damaged."""

    def __init__(self, state: State) -> None:
        """Use that of a state folder."""
        self._state, self._folder = state, state.path(FOLDER)

    def domains(self) -> list[str]:
        """Return the domains, in the order in which they were added."""
        return strings(self._parsed(_LIST, list) or [])

    def add(self, domain: str) -> None:
        """Add one, where it is not there."""
        self._write_list([*self._others(domain), domain])

    def remove(self, domain: str) -> None:
        """Remove one, with its key and certificate."""
        self._write_list(self._others(domain))
        self._remove_identity(domain)

    def account(self) -> AcmeAccount | None:
        """Return the account that certificates are ordered with; None before there is one."""
        told = self._parsed(_ACCOUNT, dict)
        if told is None:
            return None
        names = ("directory", "key", "url")
        if not all(isinstance(told.get(name), str) for name in names):
            raise self._damaged(_ACCOUNT)
        directory, key, url = (told[name] for name in names)
        return AcmeAccount(directory, key, url, told.get("ca"))

    def save_account(self, account: AcmeAccount) -> None:
        """Keep the account."""
        members = {name: told for name, told in asdict(account).items() if told is not None}
        self._write(_ACCOUNT, f"{json.dumps(members, indent=2)}\n")

    def note_registered(self, account: AcmeAccount, url: str) -> None:
        """Keep where the authority, which had forgotten the account, registered it anew.

        Unless another account is kept by now.
        """
        kept = self.account()
        if kept is None or kept.key != account.key:
            return
        self.save_account(replace(kept, url=url))
        if url != account.url:
            log.warning(_MOVED, account.url, url)

    def identity(self, domain: str) -> SavedIdentity | None:
        """Return key and chain of a domain, not yet judged."""
        text = self._read(f"{domain}.pem")
        return None if text is None else read_identity_text(text)

    def identity_path(self, domain: str) -> Path:
        """Return where key and chain of a domain are, in one PEM file."""
        return self._folder / f"{domain}.pem"

    def save_identity(self, domain: str, identity: SavedIdentity) -> bool:
        """Keep key and chain together, unless the domain has been removed; tell whether it is."""
        self._write(f"{domain}.pem", identity_text(identity))
        # Behind the write: a removal before it is seen here, one after it takes the file along.
        if domain in self.domains():
            return True
        self._remove_identity(domain)
        return False

    def forget(self) -> None:
        """Forget all of it, the account at the authority with the rest."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _others(self, domain: str) -> list[str]:
        return [other for other in self.domains() if other != domain]

    def _write_list(self, domains: list[str]) -> None:
        self._write(_LIST, f"{json.dumps(domains)}\n")

    def _remove_identity(self, domain: str) -> None:
        self.identity_path(domain).unlink(missing_ok=True)

    def _parsed(self, name: str, kind: type) -> Any:
        return read_json(self._folder / name, lambda value: isinstance(value, kind), _MEND)

    def _damaged(self, name: str) -> RuntimeError:
        return RuntimeError(f"Cannot read {self._folder / name}: it is damaged; {_MEND}")

    def _read(self, name: str) -> str | None:
        try:
            return read_text(self._folder / name)
        except UnicodeDecodeError:
            raise self._damaged(name) from None

    def _write(self, name: str, text: str) -> None:
        self._state.create()
        self._folder.mkdir(exist_ok=True, mode=0o700)
        write_privately(self._folder / name, text)
