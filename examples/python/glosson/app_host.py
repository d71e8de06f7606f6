"""What an app takes itself to be called, and what that means for the addresses in heads."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .http1 import Fields

_ABSOLUTE = re.compile(rb"(https?:)?//([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_DOMAIN = re.compile(rb";\s*domain=\s*\.?([^;\s]*)[^;]*", re.IGNORECASE)
_LOOPBACK = (b"localhost", b"127.0.0.1", b"[::1]")


@dataclass(frozen=True)
class AppHost:
    """An app's own address, and the `Host` that it is told if not the visitor's."""

    scheme: bytes
    authority: bytes
    host: bytes | None = None

    def to_app(self, fields: Fields, page: bytes) -> Fields:
        """Translate `Origin` and `Referer` of the page to fit the `Host` that the app is told."""
        if self.host is None:
            return fields
        own, theirs = b"https://" + page, b"%s://%s" % (self.scheme, self.host)
        return [
            (name, theirs + value[len(own) :])
            if name.lower() in (b"origin", b"referer") and _is_below(value, own)
            else (name, value)
            for name, value in fields
        ]

    def from_app(self, fields: Fields, page: bytes) -> Fields:
        """Translate addresses of the app to those of the page, which visitors can use."""
        return [(name, self._translated(name.lower(), value, page)) for name, value in fields]

    def _translated(self, name: bytes, value: bytes, page: bytes) -> bytes:
        if name in (b"location", b"content-location"):
            return self.public_address(value, page)
        if name == b"set-cookie":
            return _DOMAIN.sub(self._without_own_domain, value)
        return value

    def _without_own_domain(self, match: re.Match[bytes]) -> bytes:
        own = [split_authority(given)[0] for given in self._names()]
        return b"" if match[1].lower() in own else match[0]

    def _names(self) -> list[bytes]:
        return [self.authority] if self.host is None else [self.authority, self.host.lower()]

    def public_address(self, location: bytes, page: bytes) -> bytes:
        """Map an address of the app itself to the one that visitors use; leave any other.

        Apps make such addresses of their own host and port, or of the visitor's `Host` with the
        scheme or the port that they know of: no visitor can use either.
        """
        match = _ABSOLUTE.fullmatch(location)
        if match is None:
            return location
        scheme, authority, rest = (part or b"" for part in match.groups())
        name, port = split_authority(authority.lower())
        implied = b"443" if scheme.lower() == b"https:" else b"80"
        app_port = split_authority(self.authority)[1] or b"80"
        is_app = any(
            _alike(name, own) and (port or implied) == (own_port or app_port)
            for own, own_port in map(split_authority, self._names())
        )
        as_asked = name == split_authority(page.lower())[0]
        is_page = as_asked and (scheme.lower() == b"http:" or (bool(port) and port == app_port))
        return b"https://%s%s" % (page, rest) if is_app or is_page else location


def _is_below(address: bytes, origin: bytes) -> bool:
    return address == origin or address.startswith(origin + b"/")


def _alike(one: bytes, other: bytes) -> bool:
    return one == other or (one in _LOOPBACK and other in _LOOPBACK)


def split_authority(authority: bytes) -> tuple[bytes, bytes]:
    """Return host and port of an authority; the port is empty when there is none."""
    match = re.fullmatch(rb"(\[[^\]]*\]|[^:]*)(?::(\d*))?", authority)
    return (match[1], match[2] or b"") if match is not None else (authority, b"")
