"""Where visitors' TLS ends, by the name that they ask for."""

from __future__ import annotations

import os
import ssl
import tempfile
from pathlib import Path

from .client_hello import Opening
from .identity_file import identity_text
from .records import SavedIdentity

PROTOCOLS = ["http/1.1", "http/1.0"]  # what is spoken within TLS
ACME_PROTOCOL = "acme-tls/1"  # what an authority asks for who proves a name (RFC 8737)


class TlsContexts:
    """The page's own name, and each domain of the user's, has a key and certificate of its own."""

    def __init__(self) -> None:
        """Have none yet."""
        self._main: ssl.SSLContext | None = None
        self._named: dict[str, ssl.SSLContext] = {}
        self._proofs: dict[str, ssl.SSLContext] = {}

    def use(self, identity: Path | SavedIdentity) -> None:
        """Serve new visitors with this key and chain, of one PEM file; the others keep theirs."""
        self._main = _context(identity, PROTOCOLS)

    def use_for(self, domain: str, identity: Path | SavedIdentity | None) -> None:
        """Serve those who ask for a domain with this; None: with what all others get."""
        if identity is None:
            self._named.pop(domain, None)
        else:
            self._named[domain] = _context(identity, PROTOCOLS)

    def prove(self, domain: str, identity: SavedIdentity | None) -> None:
        """Prove a domain to an authority with this, until it is called without one."""
        if identity is None:
            self._proofs.pop(domain, None)
        else:
            self._proofs[domain] = _context(identity, [ACME_PROTOCOL])

    def of(self, opening: Opening) -> ssl.SSLContext | None:
        """Return what serves a visitor who begins so; None: nothing does."""
        name, offered = opening.server_name, opening.protocols
        # An authority offers its own alone (RFC 8737 section 3): whoever offers others too is none.
        if offered == (ACME_PROTOCOL.encode(),):
            return self._proofs.get(name)
        if offered and not any(each.decode("latin-1") in PROTOCOLS for each in offered):
            return None
        return self._named.get(name, self._main)


def _context(identity: Path | SavedIdentity, protocols: list[str]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.set_alpn_protocols(protocols)
    if isinstance(identity, Path):
        context.load_cert_chain(identity)
        return context
    # OpenSSL takes them from files only: this one is for its owner, and gone at once.
    descriptor, path = tempfile.mkstemp()
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(identity_text(identity))
        context.load_cert_chain(path)
    finally:
        Path(path).unlink()
    return context
