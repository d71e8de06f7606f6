"""Header fields on their way between a visitor and an app."""

from __future__ import annotations

import re

from .http1 import Fields, values, without, words

# What belongs to one connection and is not passed on (RFC 9110 section 7.6.1).
HOP_BY_HOP = (
    b"connection",
    b"keep-alive",
    b"proxy-authenticate",
    b"proxy-authorization",
    b"proxy-connection",
    b"te",
    b"transfer-encoding",
    b"upgrade",
)

# What only a proxy may say: a visitor's own claims about where they come from are dropped. `Proxy`
# would become the variable HTTP_PROXY of a CGI program.
SAID_BY_PROXIES = re.compile(rb"forwarded|x-forwarded(-.*)?|x-real-ip|x-client-ip|via|proxy")

# What a `Connection` field cannot take away: it is ours, or tells where the message ends.
NEVER_NAMED = (b"host", b"content-length", b"transfer-encoding")

# A trailer must not say what had to be known before (RFC 9110 section 6.5.1).
NO_TRAILERS = (*HOP_BY_HOP, b"content-length", b"host", b"trailer", b"set-cookie", b"authorization")


def end_to_end(fields: Fields) -> Fields:
    """Return the fields without those that belong to one connection."""
    named = [word for word in words(fields, b"connection") if word not in NEVER_NAMED]
    return without(fields, *HOP_BY_HOP, *named)


def passed_trailers(fields: Fields) -> Fields:
    """Return the trailers that may be passed on."""
    return without(end_to_end(fields), *NO_TRAILERS)


def to_app(fields: Fields, host: bytes, address: str | None) -> Fields:
    """Return a visitor's fields as the app gets them, but for framing and connection.

    `address` is the visitor's by the relay's word, None when the relay does not know it. A name
    with an underscore would be the same variable as one with a hyphen to many apps, so that
    `X_Real_Ip` could pass for `X-Real-Ip`: there is none.
    """
    passed = [
        (name, value)
        for name, value in without(end_to_end(fields), b"host", b"content-length")
        if b"_" not in name and not SAID_BY_PROXIES.fullmatch(name.lower())
    ]
    if b"trailers" in words(fields, b"te"):
        passed.append((b"TE", b"trailers"))
    if address is not None:
        passed += [(b"X-Forwarded-For", address.encode()), (b"X-Real-IP", address.encode())]
    passed += [(b"X-Forwarded-Proto", b"https"), (b"X-Forwarded-Host", host)]
    return [(b"Host", host), *passed]


def from_app(fields: Fields, app: bytes, host: bytes) -> Fields:
    """Return an app's fields as the visitor gets them, but for framing and connection.

    `app` is the app's own host and port. Alternative services are dropped: what else the app
    listens on is nowhere that a visitor could reach.
    """
    return [
        (name, public_address(value, app, host))
        if name.lower() in (b"location", b"content-location")
        else (name, value)
        for name, value in without(end_to_end(fields), b"content-length", b"alt-svc")
    ]


_ABSOLUTE = re.compile(rb"(https?:)?//([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_LOOPBACK = (b"localhost", b"127.0.0.1", b"[::1]")


def public_address(location: bytes, app: bytes, host: bytes) -> bytes:
    """Map an address of the app itself to the one that visitors use; leave any other.

    Apps make such addresses of their own host and port, or of the visitor's `Host` with the
    scheme or the port that they know of: no visitor can use either.
    """
    match = _ABSOLUTE.fullmatch(location)
    if match is None:
        return location
    scheme, authority, rest = (part or b"" for part in match.groups())
    name, port = split_authority(authority.lower())
    app_name, app_port = split_authority(app)
    implied = b"443" if scheme.lower() == b"https:" else b"80"
    alike = name == app_name or (name in _LOOPBACK and app_name in _LOOPBACK)
    is_app = alike and (port or implied) == (app_port or b"80")
    as_asked = name == split_authority(host.lower())[0]
    is_page = as_asked and (scheme.lower() == b"http:" or (bool(port) and port == app_port))
    return b"https://%s%s" % (host, rest) if is_app or is_page else location


def split_authority(authority: bytes) -> tuple[bytes, bytes]:
    """Return host and port of an authority; the port is empty when there is none."""
    match = re.fullmatch(rb"(\[[^\]]*\]|[^:]*)(?::(\d*))?", authority)
    return (match[1], match[2] or b"") if match is not None else (authority, b"")


def host_of(fields: Fields) -> bytes | None:
    """Return the one `Host` of a request, None when there is none or more than one."""
    hosts = values(fields, b"host")
    return hosts[0] if len(hosts) == 1 else None
