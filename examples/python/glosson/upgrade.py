"""Going over to another protocol on the same connection (RFC 9110 section 7.8)."""

from __future__ import annotations

from .exchange import Exchange
from .http1 import Fields, values, words


def upgrade_of(exchange: Exchange) -> bytes | None:
    """Return the protocol that a visitor wants to go over to, such as `websocket`.

    Not to HTTP/2 (h2c): nobody would then look at the fields that only a proxy may set.
    """
    fields = exchange.request.fields
    protocols = values(fields, b"upgrade")
    if b"upgrade" not in words(fields, b"connection") or b"h2c" in words(fields, b"upgrade"):
        return None
    return b", ".join(protocols) or None


def switching_fields(fields: Fields) -> Fields:
    """Return what an app's 101 says of the protocol, as the visitor gets it."""
    upgrades = values(fields, b"upgrade")
    return [(b"Connection", b"Upgrade"), *((b"Upgrade", protocol) for protocol in upgrades)]
