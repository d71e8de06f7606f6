"""What the end of a session means: to come back, or not to."""

from __future__ import annotations

from dataclasses import dataclass

from . import exit_codes
from .messages import GOING_AWAY, HEARTBEAT_MISSED, REPLACED, RESTARTING, REVOKED, Goodbye
from .problem import shown

LONGEST_WAIT_S = 3600.0  # that a relay's `retryAfterMs` is followed for

TAKEN_OVER = (
    "Another glosson run took over this name. This one ends, so that the two do not "
    "take turns; stop the other one first if this is the one you want."
)
NO_LONGER_GOOD = (
    "The relay no longer accepts this account's token: the name was set up again "
    "elsewhere or released, or the relay's operator has blocked it. python -m glosson status "
    "tells which; python -m glosson setup gets a new token."
)


@dataclass(frozen=True)
class Ending:
    """Why a session ended; with an exit code it is of no use to come back."""

    why: str
    exit_code: int | None = None
    wait_s: float = 0.0  # that the relay asked for
    draining: bool = False  # whether the relay waits for its visitors before it ends


def goodbye(message: Goodbye) -> Ending:
    """Tell what a relay's goodbye means."""
    if message.reason == "replaced":
        return Ending(TAKEN_OVER, exit_codes.REPLACED)
    if message.reason == "revoked":
        return Ending(NO_LONGER_GOOD, exit_codes.UNAUTHORIZED)
    reason = shown(message.reason)
    if message.retry_after_s is None:
        return Ending(
            f"The relay asked this client not to come back ({reason}). "
            "Look for a newer glosson, or ask the relay's operator.",
            exit_codes.RELAY_GONE,
        )
    wait = min(message.retry_after_s, LONGEST_WAIT_S)
    why = f"the relay says goodbye ({reason})"
    return Ending(why, wait_s=wait, draining=message.reason == "draining")


def closed(code: int | None) -> Ending:
    """Tell what a close code means: the goodbye may have been lost on the way."""
    if code == REPLACED:
        return Ending(TAKEN_OVER, exit_codes.REPLACED)
    if code == REVOKED:
        return Ending(NO_LONGER_GOOD, exit_codes.UNAUTHORIZED)
    if code in (GOING_AWAY, RESTARTING):
        return Ending("the relay is restarting")
    if code == HEARTBEAT_MISSED:
        return Ending("the relay did not hear from this client in time")
    if code is None or code == 1006 or code == 1011:
        return Ending("the connection to the relay broke")
    return Ending(f"the relay closed with code {code}")
