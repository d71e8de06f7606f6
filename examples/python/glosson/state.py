"""The files of one account, the same as the reference client's: either goes on with them.

Each file is written aside and renamed, so that it is whole at every moment; key and chain share
one file, so that they cannot come apart. All are readable by their owner only.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .identity_file import identity_text, read_identity_text
from .read_json import read_json, read_text
from .records import (
    Account,
    FormerAccount,
    NothingSetUp,
    PendingClaim,
    PendingRequest,
    SavedIdentity,
    strings,
)
from .write_privately import write_privately

MAX_NETWORKS = 16  # that are remembered


class State:
    """The state folder."""

    def __init__(self, folder: Path) -> None:
        """Use a folder, which need not be there yet."""
        self.folder = folder

    def path(self, name: str) -> Path:
        """Return the path of a file in the folder."""
        return self.folder / name

    def create(self) -> None:
        """Make the folder, for its owner only; one that has other files in it keeps its mode."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if sys.platform != "win32" and not any(self.folder.iterdir()):
            self.folder.chmod(0o700)

    def account(self, kind: type[Account] = Account) -> Account | None:
        """Return the account, or the former one; None before setup went through."""
        told = self._read_json(_FILES[kind], ("username", "hostname", "relay", "token"))
        if told is None:
            return None
        who = (told["username"], told["hostname"], told["relay"], told["token"])
        also = tuple(strings(told.get("also")))
        return kind(*who, told.get("keyType", "ecdsa"), also, told.get("certificateBy"))

    def needed_account(self) -> Account:
        """Return the account; raises NothingSetUp."""
        account = self.account()
        if account is None:
            raise NothingSetUp(self.folder)
        return account

    def claim(self) -> PendingClaim | None:
        """Return the claim of an unfinished setup."""
        names = ("relay", "username", "hostname", "claim", "code", "expiresAt")
        told = self._read_json("claim.json", names)
        return None if told is None else PendingClaim(*(told[name] for name in names))

    def request(self) -> PendingRequest | None:
        """Return the certificate request under way."""
        told = self._read_json("request.json", ("id", "key"))
        return None if told is None else PendingRequest(told["id"], told["key"])

    def save(self, value: Account | PendingClaim | PendingRequest) -> None:
        """Keep one of these."""
        members = {name: told for name, told in asdict(value).items() if told not in ((), None)}
        text = json.dumps(members, indent=2, ensure_ascii=False)
        self._write(_FILES[type(value)], f"{text}\n")

    def forget(self, kind: type) -> None:
        """Forget one of these."""
        self.path(_FILES[kind]).unlink(missing_ok=True)

    @property
    def identity_path(self) -> Path:
        """Where key and chain are, for those who read PEM files themselves."""
        return self.path("identity.pem")

    def identity(self) -> SavedIdentity | None:
        """Return key and chain, not yet judged."""
        text = self._read("identity.pem")
        return None if text is None else read_identity_text(text)

    def save_identity(self, identity: SavedIdentity) -> None:
        """Keep key and chain."""
        self._write("identity.pem", identity_text(identity))

    def listed(self, name: str) -> list[str]:
        """Return the texts that a file of them has; none when it cannot be read."""
        try:
            return strings(json.loads(self._read(name) or "[]"))
        except ValueError:
            return []

    def save_list(self, name: str, texts: list[str]) -> None:
        """Keep texts in such a file."""
        self._write(name, f"{json.dumps(texts, indent=2)}\n")

    def forget_identity(self) -> None:
        """Forget key, chain and request; known keys stay, for a name that comes back."""
        for name in ("identity.pem", "logged.json"):
            self.path(name).unlink(missing_ok=True)
        self.forget(PendingRequest)

    def running(self) -> dict[str, Any] | None:
        """Return what a `glosson run` says of itself; stale when none holds the lock."""
        try:
            return self._read_json("running.json", ("since",))
        except RuntimeError:
            return None

    def save_running(self, running: dict[str, object] | None) -> None:
        """Keep what a `glosson run` says of itself, or forget it."""
        if running is None:
            self.path("running.json").unlink(missing_ok=True)
        else:
            self._write("running.json", f"{json.dumps(running, indent=2)}\n", lasting=False)

    def web_socket_networks(self) -> list[str]:
        """Return the addresses that this computer had where only WebSockets reach the relay."""
        try:
            return strings((self._read_json("networks.json", ()) or {}).get("addresses"))
        except RuntimeError:
            return []

    def note_network(self, address: str, only_web_sockets: bool) -> None:
        """Keep, or forget, that it is one where this computer has this address."""
        kept = [other for other in self.web_socket_networks() if other != address]
        kept = (kept + [address] * only_web_sockets)[-MAX_NETWORKS:]
        text = f"{json.dumps({'addresses': kept}, indent=2)}\n"
        self._write("networks.json", text, lasting=False)

    def ca(self) -> str | None:
        """Return further authorities to trust when talking to the relay, PEM."""
        return self._read("ca.pem")

    def save_ca(self, pem: str | None) -> None:
        """Keep further authorities, or forget them."""
        if pem is None:
            self.path("ca.pem").unlink(missing_ok=True)
        else:
            self._write("ca.pem", pem)

    def _read_json(self, name: str, members: tuple[str, ...]) -> dict[str, Any] | None:
        def is_right(value: Any) -> bool:
            return isinstance(value, dict) and all(
                isinstance(value.get(key), str) for key in members
            )

        told: dict[str, Any] | None = read_json(
            self.path(name), is_right, "remove it and set up again"
        )
        return told

    def _read(self, name: str) -> str | None:
        return read_text(self.path(name))

    def _write(self, name: str, text: str, lasting: bool = True) -> None:
        self.create()
        write_privately(self.path(name), text, lasting)


_FILES = {
    Account: "account.json",
    FormerAccount: "former.json",
    PendingClaim: "claim.json",
    PendingRequest: "request.json",
}
