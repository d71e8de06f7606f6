"""Which keys this computer had for its name: in public logs they are known as its own."""

from __future__ import annotations

from .identity import fingerprint_of_private_key
from .state import State

KEYS = "keys.json"
MAX_KEYS = 256  # those of many years, or of months in which a certificate lasts for days


def own_keys(state: State) -> list[str]:
    """Return the fingerprints of the keys that were had."""
    identity = state.identity()
    now = [] if identity is None else [fingerprint_of_private_key(identity.key)]
    return [*state.listed(KEYS), *now]


def note_key(state: State, key: str) -> None:
    """Remember a key (PEM) before a certificate is asked for it, that anybody could sign."""
    kept = [*state.listed(KEYS), fingerprint_of_private_key(key)]
    state.save_list(KEYS, kept[-MAX_KEYS:])
