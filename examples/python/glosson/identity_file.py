"""Key and chain in one file, as those take it who read PEM themselves."""

from __future__ import annotations

import re

from .records import SavedIdentity


def identity_text(identity: SavedIdentity) -> str:
    """Write both; text before the first PEM block is a remark to PEM readers."""
    advice = identity.renew_after
    remark = "" if advice is None else f"renew-after: {advice}\n"
    return f"{remark}{identity.key.strip()}\n{identity.chain.strip()}\n"


def read_identity_text(text: str) -> SavedIdentity | None:
    """Read both, not yet judged; None where one of them is missing."""
    blocks = re.findall(r"(-----BEGIN ([A-Z ]+)-----[^-]+-----END \2-----)", text)
    keys = [block for block, label in blocks if label.endswith("PRIVATE KEY")]
    chain = [block for block, label in blocks if label == "CERTIFICATE"]
    if not keys or not chain:
        return None
    advice = re.search(r"^renew-after: (\S+)$", text, re.MULTILINE)
    joined = "\n".join(chain)
    return SavedIdentity(f"{keys[0]}\n", f"{joined}\n", advice and advice[1])
