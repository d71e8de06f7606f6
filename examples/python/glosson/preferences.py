"""`glosson away` and `privacy`: what visitors see while the user is away."""

from __future__ import annotations

from .api import Api, relay_trust
from .options import PreferencesOptions
from .relay_address import read_relay_address
from .state import State
from .terminal import say


async def change_preferences(options: PreferencesOptions, state: State) -> None:
    """Change it, and tell what they see now; RuntimeError or ValueError, for the person."""
    account = state.needed_account()
    api = Api(read_relay_address(account.relay), relay_trust(state.ca()), account.token)
    told = await api.change_preferences(options.change)
    say(f"While you are away, visitors of {account.hostname} {_seen(told)}.")


def _seen(told: dict[str, object]) -> str:
    if told["offlinePage"] == "none":
        return "get no page at all"
    if told["offlinePage"] == "plain":
        return "see that you are, and nothing else"
    seen = "see that you are"
    if told["lastSeen"]:
        seen += ", when you were last online"
    if told.get("away") is not None:
        seen += f', your words "{told["away"]}"'
    return seen
