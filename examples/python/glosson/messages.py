"""Messages of the control WebSocket (PROTOCOL section 2), as values."""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import dataclass
from typing import Any, Union

from .relay_address import is_host

SUBPROTOCOL = "glosson.v1"
DATA_SUBPROTOCOL = "glosson-data.v1"
DATA_WEBSOCKET = "data-websocket"  # the word in a relay's `features` for it
MAX_MESSAGE_BYTES = 16 * 1024
MAX_POOL = 64

# Close codes of the relay.
NORMAL, TICKET_REFUSED = 1000, 4403
GOING_AWAY, RESTARTING = 1001, 1012
REVOKED, HEARTBEAT_MISSED, REPLACED = 4401, 4408, 4409

MAX_TICKETS = 64  # of one message that are looked at
MAX_TICKET_LIFE_S = 60.0  # of `connect` that is believed

URL = re.compile(r"https://[!-~]+")

_TICKET = re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass(frozen=True)
class DataAddress:
    """Where tickets are to be shown."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return it for a person."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Told:
    """What a message says of where its tickets are to be shown; None: there as `online` said."""

    host: str | None = None
    port: int | None = None


@dataclass(frozen=True)
class Online:
    """Visitors reach this client from now on."""

    url: str
    data: DataAddress


@dataclass(frozen=True)
class Connect:
    """A visitor waits for a data connection with this ticket."""

    ticket: str
    expires_s: float
    data: Told
    address: str | None = None  # the visitor's, None when the relay does not know it


@dataclass(frozen=True)
class Tickets:
    """Tickets to park data connections with."""

    tickets: tuple[str, ...]
    data: Told


@dataclass(frozen=True)
class Visitors:
    """Whether visitors get answers: not any more where nothing came for several in a row."""

    answered: bool


@dataclass(frozen=True)
class Goodbye:
    """The relay will close; `retry_after_s` None means: not to come back by oneself."""

    reason: str
    retry_after_s: float | None


Message = Union[Online, Connect, Tickets, Visitors, Goodbye]


def refusal(ticket: str) -> dict[str, object]:
    """Hand a ticket back; why is not said, since the relay chose where it was to be shown."""
    return {"type": "refuse", "ticket": ticket, "reason": "cannot serve"}


def read_message(frame: object) -> Message | None:
    """Read a frame; None for a type of a newer relay, ValueError when it cannot be read."""
    if not isinstance(frame, str):
        raise ValueError("not a text frame")
    try:
        value = json.loads(frame)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise ValueError("no object with a type")
    kind = value["type"]
    if kind == "online":
        return _online(value)
    if kind == "connect":
        ticket = value.get("ticket")
        if not _is_ticket(ticket):
            raise ValueError("connect: the ticket is malformed")
        life = _seconds(value.get("expiresInMs")) or MAX_TICKET_LIFE_S
        life = min(life, MAX_TICKET_LIFE_S)
        return Connect(str(ticket), life, _told(value), _visitor(value.get("visitor")))
    if kind == "tickets":
        tickets = value.get("tickets")
        if not isinstance(tickets, list):
            raise ValueError("tickets: no list")
        return Tickets(tuple(t for t in tickets[:MAX_TICKETS] if _is_ticket(t)), _told(value))
    if kind == "visitors":
        if not isinstance(value.get("answered"), bool):
            raise ValueError("visitors: answered is neither true nor false")
        return Visitors(value["answered"])
    if kind == "goodbye":
        # Only null says not to come back: where nothing is said, it is no final word.
        after = value.get("retryAfterMs", 0)
        return Goodbye(str(value.get("reason", "")), None if after is None else _seconds(after))
    return None


def _online(value: dict[str, Any]) -> Online:
    hostname, url, told = value.get("hostname"), value.get("url"), _told(value)
    named = isinstance(hostname, str) and is_host(hostname)
    if not named or told.host is None or told.port is None:
        raise ValueError("online: hostname, dataHost or dataPort is missing, or no such thing")
    own = isinstance(url, str) and URL.fullmatch(url) is not None
    return Online(str(url) if own else f"https://{hostname}", DataAddress(told.host, told.port))


def _told(value: dict[str, Any]) -> Told:
    host, port = value.get("dataHost"), value.get("dataPort")
    if host is not None and not (isinstance(host, str) and is_host(host)):
        raise ValueError("dataHost is no host")
    is_port = isinstance(port, int) and not isinstance(port, bool) and 0 < port < 65536
    if port is not None and not is_port:
        raise ValueError("dataPort is no port")
    return Told(host, port)


def _visitor(value: object) -> str | None:
    """Return a visitor's address, None where there is none to be read."""
    try:
        return str(ipaddress.ip_address(value["address"])) if isinstance(value, dict) else None
    except (KeyError, ValueError):
        return None


def _is_ticket(value: object) -> bool:
    return isinstance(value, str) and _TICKET.fullmatch(value) is not None


def _seconds(milliseconds: object) -> float:
    """Return a time in seconds, 0 when it is none."""
    if not isinstance(milliseconds, (int, float)) or isinstance(milliseconds, bool):
        return 0.0
    try:
        return max(0.0, milliseconds / 1000)
    except OverflowError:  # an integer of hundreds of digits
        return 0.0
