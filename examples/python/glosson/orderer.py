"""Who orders the page's certificate, where the relay does not (`glosson caa`)."""

from __future__ import annotations

from .options import RunOptions
from .records import Account

_OWN = (
    "An account of your own orders your certificate (glosson caa own), and only the reference "
    "client can do that: run that one, or say glosson caa relay or off"
)
_SERVER = (
    "Another program orders your certificate (glosson caa): give it visitors by --tls-upstream, "
    "or say glosson caa relay or off"
)


def require_orderer(account: Account, options: RunOptions) -> None:
    """Check that they can order in a run; raises RuntimeError with a message for the person."""
    if account.certificateBy == "own":
        raise RuntimeError(_OWN)
    if account.certificateBy == "server" and options.tls_upstream is None:
        raise RuntimeError(_SERVER)
