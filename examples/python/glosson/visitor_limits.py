"""How long visitors may take and be silent."""

from __future__ import annotations

from dataclasses import dataclass

SILENCE_S = 60.0  # of a visitor, unless told otherwise

HANDSHAKE_S = 10.0  # at most: it is two round trips, and what it takes is held as long
LEAST_HEAD_S = 10.0  # however short silences may be: a busy computer needs some


@dataclass(frozen=True)
class VisitorLimits:
    """Each in seconds."""

    handshake: float
    head: float  # of a request, from its first byte; for that of the first one, from the handshake
    keep_alive: float  # between an answer and the next request
    upload: float  # within an upload that the app would take
    download: float  # within an answer, none of it taken: kernels on the way hold much
    half_closed: float  # with the visitor's side ended: nothing more was sent to them
    closing: float  # for the visitor to close after this side did
    linger: float  # of silence then, where a request was still being sent


def limits_for(silence: float) -> VisitorLimits:
    """Return the limits that follow from how long a visitor may be silent, in seconds."""
    return VisitorLimits(
        handshake=min(HANDSHAKE_S, silence),
        head=max(silence / 2, LEAST_HEAD_S),
        keep_alive=silence,
        upload=silence,
        download=silence * 10,
        half_closed=silence * 2,
        closing=min(2.0, silence),
        linger=min(5.0, silence),
    )


VISITOR_LIMITS = limits_for(SILENCE_S)
