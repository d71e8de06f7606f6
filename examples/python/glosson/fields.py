"""Header fields on their way between a visitor and an app."""

from __future__ import annotations

import re

from .http1 import Fields, values, without, words

# What belongs to one connection and is not passed on (RFC 9110 section 7.6.1).
HOP_BY_HOP = (
    b"connection",
    b"http2-settings",
    b"keep-alive",
    b"proxy-authenticate",
    b"proxy-authorization",
    b"proxy-connection",
    b"te",
    b"transfer-encoding",
    b"upgrade",
)

# What only a proxy may say, by the names that apps believe: a visitor's own claims about where they
# come from are dropped. `Proxy` would become the variable HTTP_PROXY of a CGI program.
SAID_BY_PROXIES = re.compile(
    rb"forwarded|forwarded-for|via|proxy|x-forwarded(-.*)?|x-real-ip|(.*-)?client-ip|"
    rb"x-remote-ip|x-remote-addr|x-originating-ip|x-original-forwarded-for|"
    rb"x-envoy-external-address|cf-connecting-ip(v6)?|x-azure-clientip|"
    rb"x-appengine-user-ip|x-glosson-.*"
)

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


def trailers_to_app(fields: Fields) -> Fields:
    """Return a visitor's trailers as the app gets them: some take those for fields of the head."""
    return _without_claims(passed_trailers(fields))


def _without_claims(fields: Fields) -> Fields:
    """Leave out what only a proxy may say.

    A name with an underscore would be the same variable as one with a hyphen to many apps, so that
    `X_Real_Ip` could pass for `X-Real-Ip`: there is none.
    """
    return [
        (name, value)
        for name, value in fields
        if b"_" not in name and not SAID_BY_PROXIES.fullmatch(name.lower())
    ]


def to_app(fields: Fields, host: bytes, page: bytes, address: str | None) -> Fields:
    """Return a visitor's fields as the app gets them, but for framing and connection.

    `host` is what the app is told, `page` what the visitor called it; `address` is the visitor's by
    the relay's word, None when the relay does not know it. An app that is told an address of its
    own hears of no other: many compare `Origin`, which is translated to that one, with what is
    forwarded before they look at `Host`.
    """
    passed = _without_claims(without(end_to_end(fields), b"host", b"content-length"))
    if address is not None:
        passed += [(b"X-Forwarded-For", address.encode()), (b"X-Real-IP", address.encode())]
    if host.lower() == page.lower():
        passed += [(b"X-Forwarded-Proto", b"https"), (b"X-Forwarded-Host", page)]
    if _is_of_page(fields, page) and not values(fields, b"sec-fetch-site"):
        # An app that takes itself to be at http:// can see by no other field that this is its own.
        passed.append((b"Sec-Fetch-Site", b"same-origin"))
    return [(b"Host", host), *passed]


def _is_of_page(fields: Fields, page: bytes) -> bool:
    origins = values(fields, b"origin")
    return bool(origins) and origins[0].lower() == b"https://" + page.lower()


def of_connection(fields: Fields, protocol: bytes | None) -> Fields:
    """Return what the connection to the app is for: one request, or a protocol to go over to."""
    if protocol is not None:
        return [(b"Connection", b"Upgrade"), (b"Upgrade", protocol)]
    # Fields behind a body reach the visitor, so the app may know who takes them.
    if b"trailers" in words(fields, b"te"):
        return [(b"Connection", b"close, TE"), (b"TE", b"trailers")]
    return [(b"Connection", b"close")]


def from_app(fields: Fields) -> Fields:
    """Return an app's fields as the visitor gets them, but for framing and connection.

    Alternative services are dropped: what else the app listens on is nowhere that a visitor could
    reach.
    """
    return without(end_to_end(fields), b"content-length", b"alt-svc")
