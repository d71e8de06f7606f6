"""What a visitor calls this page."""

from __future__ import annotations

import re
from collections.abc import Collection

from .app_host import split_authority
from .http1 import BadMessage, Request, values

_ABSOLUTE = re.compile(rb"https?://([^/?#]+)(.*)", re.IGNORECASE)


def own_host(request: Request, hosts: Collection[bytes], named: bytes) -> bytes:
    """Return what the visitor calls this page, and bring the target into its usual form.

    A browser may use a connection for several names of one address, and a page elsewhere may
    point a name of its own at this one: neither is meant for what is served at these `hosts`.
    `named` is what the visitor named in the TLS handshake. Raises BadMessage.
    """
    if request.method == b"CONNECT":
        raise BadMessage("This is no proxy.", 405)
    told = values(request.fields, b"host")
    if len(told) > 1 or (not told and request.minor > 0):
        raise BadMessage("The request names no host, or several.")
    host = b"".join(told)
    absolute = _ABSOLUTE.fullmatch(request.target)
    if absolute is not None:  # RFC 9112 section 3.2.2
        host, rest = absolute.groups()
        of_all = rest == b"" and request.method == b"OPTIONS"  # section 3.2.4
        request.target = b"*" if of_all else rest if rest.startswith(b"/") else b"/" + rest
    if request.target[:1] != b"/" and (request.method, request.target) != (b"OPTIONS", b"*"):
        raise BadMessage("The target of the request is no path.")
    host = host or named
    if split_authority(host.lower())[0].removesuffix(b".") not in hosts:
        raise BadMessage("This is another host.", 421)
    return host
