"""What is the same in all sessions, one after the other."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Callable

from .api import Api
from .data_connection import Joined
from .front import Front
from .health import Health
from .state import State


@dataclass
class Client:
    """What is the same in all sessions, one after the other."""

    api: Api
    trust: ssl.SSLContext
    token: str
    front: Front
    most_parked: int
    serve: Callable[[Joined], None]  # takes a visitor over, who outlives the session
    health: Health
    state: State
    transport: str  # what carries visitors: `auto` for what works in this network
