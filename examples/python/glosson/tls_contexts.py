"""Where visitors' TLS ends, by the name that they ask for."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Callable

from .client_hello import Opening
from .identity_file import identity_text
from .records import SavedIdentity
from .write_privately import write_privately

PROTOCOLS = ["http/1.1", "http/1.0"]  # what is spoken within TLS
PASSING = "passing.pem"  # file of a key that is not kept
ACME_PROTOCOL = "acme-tls/1"  # what an authority asks for who proves a name (RFC 8737)
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"  # of TLS 1.2; Python has CBC besides (RFC 9325 4.2)


class TlsContexts:
    """The page's own name, and each domain of the user's, has a key and certificate of its own."""

    def __init__(self, folder: Path) -> None:
        """Have none yet; `folder` is where keys may be written."""
        self._folder = folder
        # Told of one that new visitors do not get any more.
        self.on_change: Callable[[ssl.SSLContext], None] = lambda _context: None
        self._main: ssl.SSLContext | None = None
        self._named: dict[str, ssl.SSLContext] = {}
        self._proofs: dict[str, ssl.SSLContext] = {}

    def use(self, identity: Path | SavedIdentity) -> None:
        """Serve new visitors with this key and chain, of one PEM file; the others keep theirs."""
        former, self._main = self._main, self._context(identity, PROTOCOLS)
        self._changed(former)

    def use_for(self, domain: str, identity: Path | SavedIdentity | None) -> None:
        """Serve those who ask for a domain with this; None: with what all others get."""
        former = self._named.get(domain)
        if identity is None:
            self._named.pop(domain, None)
        else:
            self._named[domain] = self._context(identity, PROTOCOLS)
        self._changed(former)

    def _changed(self, former: ssl.SSLContext | None) -> None:
        if former is not None:
            self.on_change(former)

    def prove(self, domain: str, identity: SavedIdentity | None) -> None:
        """Prove a domain to an authority with this, until it is called without one."""
        if identity is None:
            self._proofs.pop(domain, None)
        else:
            self._proofs[domain] = self._context(identity, [ACME_PROTOCOL])

    def of(self, opening: Opening) -> ssl.SSLContext | None:
        """Return what serves a visitor who begins so; None: nothing does."""
        name, offered = opening.server_name, opening.protocols
        # An authority offers its own alone (RFC 8737 section 3): whoever offers others too is none.
        if offered == (ACME_PROTOCOL.encode(),):
            return self._proofs.get(name)
        if offered and not any(each.decode("latin-1") in PROTOCOLS for each in offered):
            return None
        return self._named.get(name, self._main)

    def _context(self, identity: Path | SavedIdentity, protocols: list[str]) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(CIPHERS)
        context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
        context.set_alpn_protocols(protocols)
        if isinstance(identity, Path):
            context.load_cert_chain(identity)
            return context
        # OpenSSL takes them from files only: this one is where other keys are, and gone at once.
        path = self._folder / PASSING
        write_privately(path, identity_text(identity), lasting=False)
        try:
            context.load_cert_chain(path)
        finally:
            path.unlink()
        return context
