"""`glosson watch-ct`: looks in the public logs for certificates that others could stand by."""

from __future__ import annotations

from dataclasses import dataclass, field

from .api import Api, relay_trust
from .ct import CtService, Logged
from .exit_codes import OTHER_END, WELL
from .known_keys import own_keys
from .options import WatchCtOptions
from .problem import shown
from .records import strings
from .relay_address import read_relay_address
from .state import State
from .terminal import say

LOGGED = "logged.json"  # numbers of the certificates that were found in order

ADVICE = (
    "Ask the relay's operator; whoever has its key can stand for your page. If they did not have "
    "it made, ask its authority to revoke it, and tell your visitors by another way."
)


async def watch_ct(options: WatchCtOptions, state: State) -> int:
    """Look once, say what was found, and tell by the exit code whether all is in order.

    Raises RuntimeError, for the person, when the relay or the service cannot be asked.
    """
    account = state.needed_account()
    api = Api(read_relay_address(account.relay), relay_trust(state.ca()), account.token)
    search = _Search(CtService(options.service))
    await search.run(account.hostname, api, state)
    failure = next(iter(search.failures), None)
    if not search.foreign:
        if failure is not None:
            raise failure
        name = account.hostname
        say(f"Every certificate for {name} in the public logs is yours or the relay's.")
        return WELL
    lines = "\n".join(_line(*found) for found in search.foreign.values())
    say(f"NEITHER YOURS NOR THE RELAY'S:\n{lines}\n\n{ADVICE}")
    if failure is not None:
        say(f"\nThere may be more of them: {failure}.")
    return OTHER_END


@dataclass
class _Search:
    """Certificates that are good for the page's name and not for a key that is known.

    For its name, and any below it, that is a key that this computer had; for the wildcard above it
    one that the relay tells of, too. Where the service fails at one thing the others are looked at
    all the same.
    """

    service: CtService
    foreign: dict[str, tuple[Logged, str]] = field(default_factory=dict)  # with its key
    failures: list[RuntimeError] = field(default_factory=list)
    in_order: list[str] = field(default_factory=list)

    async def run(self, hostname: str, api: Api, state: State) -> None:
        """Look; what is in order is remembered, and not asked for again."""
        told = (await api.relay_info()).get("keyFingerprints")
        if not isinstance(told, list):
            raise RuntimeError(
                "The relay is too old to tell its own keys (GET /v1/relay, keyFingerprints)"
            )
        own, of_relay, seen = own_keys(state), strings(told), state.listed(LOGGED)
        base = hostname.partition(".")[2]
        await self._look((hostname, f"%.{hostname}"), own, seen)
        await self._look((f"*.{base}",), [*own, *of_relay], seen)
        # What a search did not find has expired, unless it failed.
        kept = [*seen, *self.in_order] if self.failures else self.in_order
        # One that names both is in order for both or not at all.
        state.save_list(LOGGED, [one for one in dict.fromkeys(kept) if one not in self.foreign])

    async def _look(self, names: tuple[str, ...], known: list[str], seen: list[str]) -> None:
        found: dict[str, Logged] = {}
        for name in names:
            try:
                found.update((logged.id, logged) for logged in await self.service.search(name))
            except RuntimeError as error:
                self.failures.append(error)
        for number, logged in found.items():
            if number in seen:
                self.in_order.append(number)
                continue
            try:
                key = await self.service.key_of(number)
            except RuntimeError as error:
                self.failures.append(error)
                continue
            if key in known:
                self.in_order.append(number)
            else:
                self.foreign[number] = (logged, key)


def _line(found: Logged, key: str) -> str:
    names = shown(", ".join(found.names))
    return f"for {names} by {found.issuer}, from {found.not_before}, key {key}, id {found.id}"
