"""Looking at a page from outside, as a visitor gets it: whose key answers."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass

from cryptography import x509

from .identity import fingerprint_of_certificate, validity
from .problem import shown

LOOK_S = 20.0  # for the page to answer
ALPN = ["h2", "http/1.1"]  # what a browser offers (RFC 7301)


@dataclass(frozen=True)
class Sight:
    """What a visitor sees of a TLS server."""

    key: str  # fingerprint of the leaf's
    alpn: str | None  # what was agreed on
    subject: str
    issuer: str
    not_after: float  # seconds since the epoch
    distrust: str | None  # why a browser would not take the certificate


async def look(host: str, port: int, server_name: str, trust: ssl.SSLContext) -> Sight:
    """Make a TLS connection and tell who answered; it is closed again.

    The server has proved that it holds the key, also where the certificate is one that browsers do
    not take. Raises OSError, or ValueError where the certificate cannot be read.
    """
    trust.set_alpn_protocols(ALPN)
    try:
        return await _handshake(host, port, server_name, trust, None)
    except ssl.SSLCertVerificationError as error:
        # Of one that nobody trusts, people want to know whose it is.
        anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
        anybody.set_alpn_protocols(ALPN)
        why = shown(error.verify_message)
        return await _handshake(host, port, server_name, anybody, why)


async def _handshake(
    host: str, port: int, server_name: str, trust: ssl.SSLContext, distrust: str | None
) -> Sight:
    connecting = asyncio.open_connection(host, port, ssl=trust, server_hostname=server_name)
    try:
        _, writer = await asyncio.wait_for(connecting, LOOK_S)
    except asyncio.TimeoutError:  # before Python 3.11 it is no OSError
        raise TimeoutError from None
    tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
    writer.transport.abort()
    leaf = x509.load_der_x509_certificate(tls.getpeercert(binary_form=True) or b"")
    # Whoever answers chose the words: they are to pass for no line of this program's.
    subject, issuer = (shown(name.rfc4514_string()) for name in (leaf.subject, leaf.issuer))
    key, alpn = fingerprint_of_certificate(leaf), tls.selected_alpn_protocol()
    return Sight(key, alpn, subject, issuer, validity(leaf)[1], distrust)
