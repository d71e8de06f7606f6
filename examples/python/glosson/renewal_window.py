"""When an authority wants a certificate renewed (RFC 9773)."""

from __future__ import annotations

import random

from cryptography import x509

from .acme import Acme
from .acme_problem import read_json
from .identity import first_certificate_in, read_time, rfc3339, validity
from .jws import base64url
from .records import SavedIdentity

# Age at which a certificate is renewed as the authority asks, and as a share of a shorter life: one
# whose windows are always over would be asked for one after another.
YOUNGEST_S, YOUNGEST_SHARE = 86_400.0, 1 / 10


async def with_window(acme: Acme, saved: SavedIdentity) -> SavedIdentity:
    """Ask when the authority wants a certificate renewed (RFC 9773).

    The moment is a random one of the window, and stays while it is within it; it is not right after
    the certificate was signed. Raises AcmeProblem, RuntimeError or ValueError.
    """
    where, name = (await acme.directory()).get("renewalInfo"), renewal_id(saved.chain)
    if not isinstance(where, str) or name is None:
        return saved
    told = read_json(await acme.get(f"{where.rstrip('/')}/{name}")).get("suggestedWindow")
    window = told if isinstance(told, dict) else {}
    start, end = (read_time(str(window.get(name))) for name in ("start", "end"))
    if start is None or end is None or start >= end:
        raise RuntimeError("Cannot use the renewal window: the ACME server's dates make no sense")
    not_before, not_after = validity(first_certificate_in(saved.chain))
    soonest = not_before + min(YOUNGEST_S, (not_after - not_before) * YOUNGEST_SHARE)
    start, end = max(start, soonest), max(end, soonest)
    known = read_time(saved.renew_after or "")
    if known is not None and start <= known <= end:
        return saved
    at = start + (end - start) * random.random()  # noqa: S311  # no secret
    return SavedIdentity(saved.key, saved.chain, rfc3339(at))


def renewal_id(chain: str) -> str | None:
    """Return the name of a certificate at `renewalInfo` (RFC 9773 section 4.1)."""
    leaf = first_certificate_in(chain)
    try:
        extension = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    except x509.ExtensionNotFound:
        return None
    if extension.value.key_identifier is None:
        return None
    # As DER has it: with a zero byte ahead where the number would look negative.
    serial = leaf.serial_number.to_bytes(leaf.serial_number.bit_length() // 8 + 1, "big")
    return f"{base64url(extension.value.key_identifier)}.{base64url(serial)}"
