"""What is the same in all sessions, one after the other."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Protocol

from .api import Api
from .data_connection import Joined
from .health import Health
from .state import State


class VisitorEnd(Protocol):
    """Where visitors' TLS ends: in this program, or in another one of the user's."""

    @property
    def visitors(self) -> int:
        """How many are there, without those who have to leave."""

    @property
    def room(self) -> int:
        """For how many more there is a place; idle ones would give theirs."""

    def may_take(self, address: str | None, coming: int) -> bool:
        """Tell whether there is or could be room for an address, besides so many on their way."""

    def use(self, identity: Path) -> None:
        """Serve new visitors with this key and chain; the others keep theirs for an answer."""

    def renew(self) -> None:
        """Have visitors come anew for what they ask next: the relay they came by is leaving."""

    async def serve(self, joined: Joined) -> None:
        """Serve a visitor until they leave; closes the connection, raises nothing of theirs."""

    async def stop(self, grace_s: float) -> None:
        """Let open answers finish for a while, then end every connection."""


@dataclass
class Client:
    """What is the same in all sessions, one after the other."""

    api: Api
    trust: ssl.SSLContext
    token: str
    front: VisitorEnd
    most_parked: int
    serve: Callable[[Joined], None]  # takes a visitor over, who outlives the session
    health: Health
    state: State
    transport: str  # what carries visitors: `auto` for what works in this network
