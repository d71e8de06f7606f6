"""`glosson setup`: claims a name and gets its certificate, once.

Everything that was reached is kept when it fails, and gone on with the next time.
"""

from __future__ import annotations

import ssl
import time
from email.utils import formatdate

from .also import hosts_of
from .api import Api, relay_trust
from .arguments import DEFAULT_RELAY
from .certificate import obtain_certificate
from .claim import Claiming
from .find_relay import find_relay
from .give_back import give_former_back
from .identity import Identity, check_identity
from .lock import lock_folder
from .options import SetupOptions
from .problem import RelayProblem, RelayUnreachable
from .read_pem import read_pem
from .records import Account
from .relay_address import RelayAddress, read_relay_address
from .renewal import renewal_time
from .state import State
from .terminal import Lines, confirm, say, terminal_lines
from .username import read_username

PROTOCOL = 1  # the version that this client speaks

DONE = """
All set. Go online with

    python -m glosson run

and your page is at https://{page}
See python -m glosson run --help for showing a web app or files of yours."""


async def setup(options: SetupOptions, state: State) -> None:
    """Do it; raises RuntimeError, ValueError or OSError with a message for the person."""
    state.create()
    lock = lock_folder(state.folder, "set up")
    try:
        await _Setup(options, state).run()
    finally:
        lock.release()


class _Setup:
    def __init__(self, options: SetupOptions, state: State) -> None:
        self._options, self._state = options, state
        self._lines: Lines | None = terminal_lines()
        self._before = state.account()

    async def run(self) -> None:
        username, given = await self._who(), await self._where()
        before, state = self._before, self._state
        ca = self._ca(given)
        trust = relay_trust(ca)
        api, port = await self._relay(given, trust)
        same = before is not None and (before.username, before.relay) == (username, str(api.relay))
        unfinished = state.identity() is None and (before is None or before.certificateBy is None)
        go_on = same and not self._options.force and unfinished
        account = before if go_on else None
        if account is None:
            if before is not None:
                await self._confirm(before, same)
            account = await self._claim(api, username, ca)
        await certify(account, trust, state)
        say(DONE.format(page=RelayAddress(account.hostname, port).authority))

    async def _who(self) -> str:
        name = self._options.username
        if name is None and self._lines is not None:
            before = "" if self._before is None else f" [{self._before.username}]"
            name = await self._lines.ask(f"Your name, the one of your profile{before}:")
            if not name and self._before is not None:
                name = self._before.username
        if not name:
            raise RuntimeError("setup needs the NAME to set up")
        return read_username(name)

    async def _where(self) -> RelayAddress:
        if self._options.relay is not None:
            return self._options.relay
        known = DEFAULT_RELAY if self._before is None else self._before.relay
        told = ""
        if self._lines is not None:
            told = await self._lines.ask(f"Address of the relay [{known.rstrip('/')}]:")
        return read_relay_address(told or known)

    def _ca(self, relay: RelayAddress) -> str | None:
        """Return the further authorities to trust: those given, or those of the last time."""
        if self._options.ca is None:
            known = self._before is not None and self._before.relay == str(relay)
            return self._state.ca() if known else None
        return read_pem(self._options.ca, "the authority given with --ca")

    async def _relay(self, given: RelayAddress, trust: ssl.SSLContext) -> tuple[Api, int]:
        """Return the relay, and the port that visitors use."""
        api = await find_relay(given, trust)
        info = await api.relay_info()
        protocol, port = info["protocol"], info.get("publicPort")
        if protocol != PROTOCOL:
            raise RuntimeError(
                f"The relay speaks version {protocol} of the protocol, this glosson speaks "
                f"{PROTOCOL}; get another glosson"
            )
        return api, port if isinstance(port, int) else 443  # one that is too old does not tell

    async def _confirm(self, before: Account, same: bool) -> None:
        """Have the person agree to replacing what is there."""
        if self._options.force:
            return
        if same:
            there = (
                f"{before.username} is set up already. Doing it again replaces its token "
                "and ends its session."
            )
        else:
            there = (
                f"{self._state.folder} holds {before.username} at {before.relay}, which this "
                "replaces. (With --state DIR both can be kept.)"
            )
        await confirm(there, "--force", self._lines)

    async def _claim(self, api: Api, username: str, ca: str | None) -> Account:
        found = await Claiming(api, self._state, self._lines, self._options.bio_file).claim(
            username
        )
        say(f"Found it: {found['username']} is you.")
        before = self._before
        if before is None or before.hostname != found["hostname"]:
            self._state.forget_identity()
            before = None
        also = self._options.also
        if also is None:
            also = () if before is None else before.also
        ca_before = self._state.ca()
        self._state.save_ca(ca)
        account = Account(
            *(username, found["hostname"], str(api.relay), found["token"]),
            keyType=self._options.key_type,
            also=also,
            certificateBy=None if before is None else before.certificateBy,
        )
        self._state.save(account)
        try:
            await give_former_back(self._state, ca_before, account.hostname)
        except (RelayProblem, RelayUnreachable) as error:  # release tries again
            say(f"The name before cannot be given back: {error}")
        return account


async def certify(account: Account, trust: ssl.SSLContext, state: State) -> None:
    """Get an account's certificate, unless there is one that is good for a while."""
    if account.certificateBy is not None:
        return  # the relay orders nothing for them
    identity = _identity(account, state)
    if identity is not None and time.time() < renewal_time(identity):
        return
    hosts = ", ".join(hosts_of(account))
    say(f"Asking for a certificate for {hosts}; its key stays here ...")
    api = Api(read_relay_address(account.relay), trust, account.token)
    had = () if identity is None else identity.also
    identity = await obtain_certificate(api, state, account, had)
    say(f"It is there, good until {formatdate(identity.not_after, usegmt=True)}.")


def _identity(account: Account, state: State) -> Identity | None:
    """Return the key and certificate that there are, if they can be used."""
    saved = state.identity()
    try:
        return None if saved is None else check_identity(saved, account.hostname, time.time())
    except ValueError:
        return None
