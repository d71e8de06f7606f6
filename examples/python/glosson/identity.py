"""Private keys, certificate requests, and whether a key and a certificate can be used."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from .records import SavedIdentity

KEY_TYPES = ("ecdsa", "rsa")


class _Public(Protocol):
    def public_bytes(
        self, encoding: serialization.Encoding, _: serialization.PublicFormat, /
    ) -> bytes: ...


@dataclass(frozen=True)
class Identity:
    """A key and a certificate that were found to belong together, and when they are good."""

    saved: SavedIdentity
    not_before: float  # seconds since the epoch
    not_after: float
    fingerprint: str  # of the key: SHA-256 of its SubjectPublicKeyInfo, in base64 (RFC 7469)
    also: tuple[str, ...] = ()  # hosts below the page's own that it is for, too


async def make_key_and_request(hosts: Sequence[str], key_type: str) -> tuple[str, str]:
    """Return a new key and a CSR that names exactly these hosts (as SANs), both PEM.

    In a thread: one for RSA may take a second, for which no visitor is to wait.
    """
    return await asyncio.to_thread(_make_key_and_request, hosts, key_type)


def _make_key_and_request(hosts: Sequence[str], key_type: str) -> tuple[str, str]:
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    if key_type == "rsa":
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    else:
        key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([]))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private.decode(), request.public_bytes(serialization.Encoding.PEM).decode()


def check_identity(saved: SavedIdentity, hostname: str, now: float) -> Identity:
    """Check that a certificate is for `hostname`, good at `now`, and for this very key.

    Up to an authority it is not judged: that is the visitor's browser's to do. Raises ValueError
    with the reason when it cannot be used.
    """
    try:
        leaf = first_certificate_in(saved.chain)
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        hosts = [name.lower() for name in names.get_values_for_type(x509.DNSName)]
    except x509.ExtensionNotFound:
        hosts = []
    except ValueError:
        raise ValueError("Cannot use certificate: it is not readable") from None
    if hostname not in hosts:
        raise ValueError(f"Cannot use certificate: it is not for {hostname}")
    not_before, not_after = validity(leaf)
    if now >= not_after:
        raise ValueError(f"Cannot use certificate: it expired at {rfc3339(not_after)}")
    try:
        key = serialization.load_pem_private_key(saved.key.encode(), password=None)
    except (ValueError, TypeError):
        raise ValueError("Cannot use certificate: its private key is not readable") from None
    if _public(key.public_key()) != _public(leaf.public_key()):
        raise ValueError("Cannot use certificate: it is for another private key")
    also = tuple(host for host in hosts if host != hostname)
    return Identity(saved, not_before, not_after, _fingerprint(leaf.public_key()), also)


def validity(leaf: x509.Certificate) -> tuple[float, float]:
    """Return from when until when a certificate is good, seconds since the epoch."""
    if hasattr(leaf, "not_valid_after_utc"):  # since cryptography 42
        return leaf.not_valid_before_utc.timestamp(), leaf.not_valid_after_utc.timestamp()
    return (
        leaf.not_valid_before.replace(tzinfo=timezone.utc).timestamp(),
        leaf.not_valid_after.replace(tzinfo=timezone.utc).timestamp(),
    )


def fingerprint_of_private_key(key: str) -> str:
    """Return the fingerprint of a key that this program made, PEM."""
    private = serialization.load_pem_private_key(key.encode(), password=None)
    return _fingerprint(private.public_key())


def first_certificate_in(text: str) -> x509.Certificate:
    """Read the first certificate of a PEM; raises ValueError."""
    first = re.search(r"-----BEGIN C[^-]+-----[^-]+-----END C[^-]+-----", text)
    return x509.load_pem_x509_certificate(first[0].encode() if first else b"")


def fingerprint_of_pem(text: str) -> str:
    """Return the fingerprint of the key in the first certificate of a PEM; raises ValueError."""
    return fingerprint_of_certificate(first_certificate_in(text))


def fingerprint_of_certificate(leaf: x509.Certificate) -> str:
    """Return the fingerprint of its key; raises ValueError where that is of no known kind."""
    try:
        return _fingerprint(leaf.public_key())
    except UnsupportedAlgorithm as error:
        raise ValueError(f"its key is of an unknown kind ({error})") from None


def _fingerprint(public_key: _Public) -> str:
    return base64.b64encode(hashlib.sha256(_public(public_key)).digest()).decode()


def _public(key: _Public) -> bytes:
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def rfc3339(seconds: float) -> str:
    """Write a time as JSON has it, in UTC with milliseconds."""
    text = datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def read_time(text: str) -> float | None:
    """Read an RFC 3339 time into seconds since the epoch; None when it is none."""
    match = re.fullmatch(
        r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)", text
    )
    if match is None:
        return None
    day, clock, fraction, zone = match.groups()
    zone = "+00:00" if zone in "Zz" else zone
    try:
        return datetime.fromisoformat(f"{day}T{clock}{zone}").timestamp() + float(fraction or 0)
    except ValueError:
        return None
