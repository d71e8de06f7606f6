"""Orders of certificates by an ACME account of the user's, proved by TLS-ALPN-01 (RFC 8737)."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Optional

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from .acme import Acme
from .acme_problem import AcmeProblem, detail_of, read_json
from .identity import make_key_and_request, rfc3339
from .jws import base64url
from .problem import Problem
from .records import SavedIdentity, strings
from .renewal_window import renewal_id, with_window

ACME_IDENTIFIER = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31")

# Let's Encrypt takes 5 failed proofs of a name an hour, and gives one of them back in this time.
PROOF_PAUSE_S = 720.0

# Answers the authority's handshakes for a domain with this, until it is called without one.
Prove = Callable[[str, Optional[SavedIdentity]], None]


# An order that the account may not place (RFC 8555 section 7.3.6).
NOT_VALID = (
    "if your account there was deactivated, remove acme.json from the folder domains of your state "
    "folder, and say glosson domain add, or glosson caa own, again"
)


class NotProved(Problem):
    """An authority could not prove a name; it counts how often it cannot."""

    retry_after_s = PROOF_PAUSE_S


async def order(
    acme: Acme,
    domain: str,
    key_type: str,
    prove: Prove,
    on_key: Callable[[str], None] = lambda _key: None,
    replaces: str | None = None,
    on_account: Callable[[str], None] = lambda _url: None,
) -> SavedIdentity:
    """Get a certificate for a new key, and when the authority wants it renewed.

    `on_key` is told the key before anybody can have signed it; `replaces` is the chain that is to
    be replaced (RFC 9773 section 5); `on_account` where the account is that had to be registered
    again; both in a thread, since they write to the disk. Raises AcmeProblem, NotProved or
    RuntimeError.
    """
    saved = await _order(acme, domain, key_type, prove, on_key, replaces, on_account)
    try:
        return await with_window(acme, saved)
    except (RuntimeError, ValueError):
        return saved


async def _order(
    acme: Acme,
    domain: str,
    key_type: str,
    prove: Prove,
    on_key: Callable[[str], None],
    replaces: str | None,
    on_account: Callable[[str], None],
) -> SavedIdentity:
    try:
        placed = await _place(acme, domain, replaces)
    except AcmeProblem as problem:
        if problem.kind == "unauthorized":
            text = f"{problem}; {NOT_VALID}"
            raise AcmeProblem(
                problem.kind, problem.status, text, problem.retry_after_s
            ) from problem
        if problem.kind != "accountDoesNotExist":
            raise
        # The server has forgotten it; its terms were agreed to when it was registered first.
        await asyncio.to_thread(on_account, await acme.register(None))
        placed = await _place(acme, domain, replaces)
    where = placed.value(b"location")
    if where is None:
        raise RuntimeError("The ACME server named no order URL")
    state = read_json(placed)
    for url in strings(state.get("authorizations")):
        await _prove(acme, url, domain, prove)
    state = await _reach(acme, where, domain, "ready", "valid")
    key, csr = await make_key_and_request([domain], key_type)
    await asyncio.to_thread(on_key, key)
    der = x509.load_pem_x509_csr(csr.encode()).public_bytes(serialization.Encoding.DER)
    try:
        await acme.post(state.get("finalize"), {"csr": base64url(der)})
    except AcmeProblem as problem:
        # No longer ready: it was asked before, and the answer got lost on the way.
        if problem.kind != "orderNotReady":
            raise
    state = await _reach(acme, where, domain, "valid")
    chain = (await acme.post(state.get("certificate"), None)).body.decode("latin-1")
    return SavedIdentity(key, chain)


async def _place(acme: Acme, domain: str, replaces: str | None) -> Any:
    directory = await acme.directory()
    url = directory.get("newOrder")
    content: dict[str, object] = {"identifiers": [{"type": "dns", "value": domain}]}
    replaced = None if replaces is None else renewal_id(replaces)
    if replaced is None or directory.get("renewalInfo") is None:
        return await acme.post(url, content)
    try:
        return await acme.post(url, {**content, "replaces": replaced})
    except AcmeProblem as problem:
        # Replaced already, or another server's: a plain order still does.
        if problem.status == 429 or problem.status >= 500:
            raise
        return await acme.post(url, content)


async def _reach(acme: Acme, url: str, domain: str, *wanted: str) -> dict[str, Any]:
    state = await acme.wait(url, lambda status: status in (*wanted, "invalid"))
    if state["status"] != "invalid":
        return state
    why = detail_of(state.get("error"))
    raise RuntimeError(f"The ACME server gave up the order for {domain}: {why}")


async def _prove(acme: Acme, url: object, domain: str, prove: Prove) -> None:
    authorization = read_json(await acme.post(url, None))
    if authorization.get("status") == "valid":
        return
    offered = [each for each in _challenges(authorization) if each.get("type") == "tls-alpn-01"]
    if not offered:
        raise RuntimeError(
            f"The ACME server offers no tls-alpn-01 for {domain}: choose another (--acme)"
        )
    prove(domain, proof_identity(domain, acme.authorize(str(offered[0].get("token")))))
    try:
        await acme.post(offered[0].get("url"), {})
        end = await acme.wait(url, lambda status: status != "pending")
    finally:
        prove(domain, None)
    if end["status"] == "valid":
        return
    failed = [each["error"] for each in _challenges(end) if "error" in each]
    why = detail_of(failed[0]) if failed else f"its state is {end['status']}"
    raise NotProved(f"The ACME server could not prove {domain}: {why}")


def _challenges(authorization: dict[str, Any]) -> list[dict[str, Any]]:
    told = authorization.get("challenges")
    return [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []


def proof_identity(domain: str, key_authorization: str) -> SavedIdentity:
    """Make the certificate that answers a challenge (RFC 8737 section 3)."""
    digest = hashlib.sha256(key_authorization.encode()).digest()
    octets = b"\x04%c%s" % (len(digest), digest)
    identifier = x509.UnrecognizedExtension(ACME_IDENTIFIER, octets)
    return self_signed(domain, (identifier,))


def self_signed(domain: str, critical: tuple[x509.ExtensionType, ...] = ()) -> SavedIdentity:
    """Make a key with a certificate that nobody vouches for, due to be renewed at once."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "glosson")])
    now = datetime.now(timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=7))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(domain)]), critical=False)
    )
    for extension in critical:
        builder = builder.add_extension(extension, critical=True)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    chain = builder.sign(key, hashes.SHA256()).public_bytes(pem)
    return SavedIdentity(private.decode(), chain.decode(), rfc3339(now.timestamp()))
