"""What an app takes itself to be called, and what that means for the addresses in heads."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .fields import from_app
from .http1 import Fields

# URLs within a value, up to what ends one in a header: of HTTP, and of WebSockets.
_WITHIN = re.compile(rb"""(?<![\w+.-])((?:https?|wss?):)?//([^\s"',;<>/?#\\]+)""", re.IGNORECASE)
_WITH_URLS = (b"link", b"content-security-policy", b"content-security-policy-report-only")
_ABSOLUTE = re.compile(rb"(https?:)?//([^/?#\\]*)(.*)", re.IGNORECASE | re.DOTALL)
_TAGGED = re.compile(rb"<(https:[^<>]*)>", re.IGNORECASE)
_DOMAIN = re.compile(rb";\s*domain\s*=\s*\.?([^;\s]*)[^;]*", re.IGNORECASE)
_REFRESH = re.compile(rb"([^;,]*[;,]\s*(?:url\s*=\s*)?[\"']?)(.*?)([\"']?)", re.IGNORECASE)
# Names of this computer, for itself only: those of every address, where apps listen, among them.
_LOOPBACK = re.compile(rb"localhost|127(?:\.\d{1,3}){3}|0\.0\.0\.0|\[?::1?\]?")


@dataclass(frozen=True)
class AppHost:
    """An app's own address, and the `Host` that it is told if not the visitor's."""

    scheme: bytes
    authority: bytes
    host: bytes | None = None

    def to_app(self, fields: Fields, page: bytes) -> Fields:
        """Translate the page's addresses, in which an app looks for itself, to its own."""
        return [(name, self._known(name.lower(), value, page)) for name, value in fields]

    def _known(self, name: bytes, value: bytes, page: bytes) -> bytes:
        # WebDAV servers compare both, scheme and all, with what they were asked by (RFC 4918 10.3).
        if name == b"destination":
            return self._app_address(value, page)
        if name == b"if":
            return _TAGGED.sub(lambda tag: b"<%s>" % self._app_address(tag[1], page), value)
        renamed = self.host is not None and self.host.lower() != page.lower()
        if name in (b"origin", b"referer") and renamed:
            return self._app_address(value, page)
        return value

    def _app_address(self, address: bytes, page: bytes) -> bytes:
        """Map an address of the page to the one that the app knows; leave any other."""
        match = _ABSOLUTE.fullmatch(address)
        if match is None or (match[1] or b"").lower() != b"https:":
            return address
        if match[2].lower() != page.lower():
            return address
        return b"%s://%s%s" % (self.scheme, self.host or page, match[3])

    def from_app(self, fields: Fields, page: bytes) -> Fields:
        """Return an answer's fields as visitors get them: the app's addresses are the page's."""
        return [
            (name, self._translated(name.lower(), value, page)) for name, value in from_app(fields)
        ]

    def _translated(self, name: bytes, value: bytes, page: bytes) -> bytes:
        if name in (b"location", b"content-location"):
            return self.public_address(value, page)
        if name == b"refresh" and (match := _REFRESH.fullmatch(value)) is not None:
            return match[1] + self.public_address(match[2], page) + match[3]
        if name in _WITH_URLS:
            return _WITHIN.sub(lambda match: self._public_within(match, page), value)
        if name == b"set-cookie":
            return _DOMAIN.sub(lambda match: self._public_domain(match, page), value)
        return value

    def _public_within(self, match: re.Match[bytes], page: bytes) -> bytes:
        scheme, authority = match.groups()
        if not self._is_own(authority.lower(), page):
            return match[0]
        return (b"wss://" if (scheme or b"").lower().startswith(b"ws") else b"https://") + page

    def _public_domain(self, match: re.Match[bytes], page: bytes) -> bytes:
        """Leave out a domain that is the app's own, which no browser would take of the page."""
        domain = match[1].lower()
        if _LOOPBACK.fullmatch(domain):
            return b""
        own = (_name_of(given) for given in (self.authority, self.host or page))
        is_own = any(_is_within(name, domain) for name in own)
        return b"" if is_own and not _is_within(_name_of(page), domain) else match[0]

    def public_address(self, location: bytes, page: bytes) -> bytes:
        """Map an address of the app itself to the one that visitors use; leave any other.

        Apps make such addresses of their own host and port, or of the visitor's `Host` with the
        scheme or the port that they know of: no visitor can use either.
        """
        match = _ABSOLUTE.fullmatch(location)
        if match is None:
            return location
        _, authority, rest = match.groups()
        return b"https://%s%s" % (page, rest) if self._is_own(authority.lower(), page) else location

    def _is_own(self, authority: bytes, page: bytes) -> bool:
        told = (self.host or page).lower()
        if authority in (told, self.authority):
            return True
        name, port = _name_of(authority), split_authority(authority)[1]
        app_name, app_port = split_authority(self.authority)
        app_port = app_port or (b"443" if self.scheme == b"https" else b"80")
        # nginx, for one, puts its own port behind the name that it was asked for.
        asked = [page] if split_authority(told)[1] else [page, told]
        if any(name == _name_of(given) for given in asked):
            return port in (b"", b"80", b"443", app_port, split_authority(page)[1])
        # A port that is left out is the one of the scheme.
        implied = b"443" if app_port == b"443" else b"80"
        is_here = _LOOPBACK.fullmatch(name) and _LOOPBACK.fullmatch(app_name)
        return is_here is not None and (port or implied) == app_port


def _is_within(name: bytes, domain: bytes) -> bool:
    return name == domain or name.endswith(b"." + domain)


def _name_of(authority: bytes) -> bytes:
    return split_authority(authority.lower())[0].rstrip(b".")


def split_authority(authority: bytes) -> tuple[bytes, bytes]:
    """Return host and port of an authority; the port is empty when there is none."""
    match = re.fullmatch(rb"(\[[^\]]*\]|[^:]*)(?::(\d*))?", authority)
    return (match[1], match[2] or b"") if match is not None else (authority, b"")
