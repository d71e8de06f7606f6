"""Signed requests of an ACME account (RFC 7515, RFC 8555 section 6.2)."""

from __future__ import annotations

import base64
import hashlib
import json

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils


class AccountKey:
    """A key on P-256, the kind that both clients make."""

    def __init__(self, pem: str) -> None:
        """Read it; raises ValueError when it is none."""
        key = serialization.load_pem_private_key(pem.encode(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
            raise ValueError("The key of your account at the ACME server is none on P-256")
        self._key = key

    def sign(self, url: str, nonce: str, payload: bytes, account: str | None) -> bytes:
        """Write a request; `account` is the URL that the server has for the key, if it has one."""
        head: dict[str, object] = {"alg": "ES256", "nonce": nonce, "url": url}
        head["jwk" if account is None else "kid"] = account or self._public()
        protected, content = base64url(_compact(head)), base64url(payload)
        der = self._key.sign(f"{protected}.{content}".encode(), ec.ECDSA(hashes.SHA256()))
        signature = b"".join(each.to_bytes(32, "big") for each in utils.decode_dss_signature(der))
        members = {"payload": content, "protected": protected, "signature": base64url(signature)}
        return _compact(members)

    def authorize(self, token: str) -> str:
        """Return what answers a challenge (RFC 8555 section 8.1)."""
        return f"{token}.{base64url(hashlib.sha256(_compact(self._public())).digest())}"

    def _public(self) -> dict[str, str]:
        numbers = self._key.public_key().public_numbers()
        x, y = (base64url(each.to_bytes(32, "big")) for each in (numbers.x, numbers.y))
        return {"crv": "P-256", "kty": "EC", "x": x, "y": y}


def make_account_key() -> str:
    """Return a new one, PEM."""
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(pem, pkcs8, serialization.NoEncryption()).decode()


def base64url(data: bytes) -> str:
    """Write bytes in base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _compact(value: object) -> bytes:
    # In the order of RFC 7638, too, which a thumbprint takes.
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
