"""Going over to another protocol on the same connection (RFC 9110 section 7.8)."""

from __future__ import annotations

from http import HTTPStatus

from .exchange import Exchange
from .http1 import Answer, Fields, values, words


def upgrade_of(exchange: Exchange) -> bytes | None:
    """Return the protocol that a visitor wants to go over to, such as `websocket`.

    Not to HTTP/2 (h2c): nobody would then look at the fields that only a proxy may set.
    """
    fields = exchange.request.fields
    protocols = values(fields, b"upgrade")
    if b"upgrade" not in words(fields, b"connection") or b"h2c" in words(fields, b"upgrade"):
        return None
    # HTTP/1.0 has no such (RFC 9110 section 7.8).
    return (b", ".join(protocols) or None) if exchange.request.minor >= 1 else None


def switching_fields(fields: Fields, asked: bytes) -> Fields:
    """Return what the visitor is told of the protocol: the app's word, or else what was asked."""
    upgrades = values(fields, b"upgrade") or [asked]
    return [(b"Connection", b"Upgrade"), *((b"Upgrade", protocol) for protocol in upgrades)]


def required_fields(answer: Answer) -> Fields:
    """Return what a 426 asks the visitor to go over to, which it has to name (RFC 9110 15.5.22)."""
    if answer.status != HTTPStatus.UPGRADE_REQUIRED:
        return []
    return [(b"Upgrade", protocol) for protocol in values(answer.fields, b"upgrade")]
