"""What goes wrong with a relay, in words for a person."""

from __future__ import annotations

import json
import re
import socket
import ssl
import time
from email.utils import parsedate_to_datetime

from .unseen import without_unseen

PROBLEM_TYPE = "urn:glosson:problem:"
MAX_SHOWN = 500  # characters of what a relay says
LONGEST_ASKED_S = 7 * 86_400.0  # that a `Retry-After` is believed for


class Problem(RuntimeError):
    """A refusal (RFC 9457), which may ask to be left alone for a while."""

    retry_after_s: float | None = None


class RelayProblem(Problem):
    """A refusal of the relay."""

    def __init__(
        self, status: int, text: str, code: str = "", retry_after_s: float | None = None
    ) -> None:
        """`code` is the last part of the problem's type, empty when the relay told none."""
        super().__init__(text)
        self.status, self.code, self.retry_after_s = status, code, retry_after_s


class RelayUnreachable(RuntimeError):
    """The relay could not be asked, or its answer makes no sense."""


def read_problem(status: int, body: bytes, retry_after_s: float | None) -> RelayProblem:
    """Read an error answer: problem+json, or whatever a proxy before the relay may say."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    told = told if isinstance(told, dict) else {}
    kind, title, detail = (told.get(name) for name in ("type", "title", "detail"))
    code = shown(str(kind)[len(PROBLEM_TYPE) :]) if str(kind).startswith(PROBLEM_TYPE) else ""
    parts = [shown(part) for part in (title, detail) if isinstance(part, str) and part]
    text = ": ".join(parts) or f"The relay answered with status {status}"
    return RelayProblem(status, text, code, retry_after_s)


def shown(text: object) -> str:
    """Return text of the relay, bounded, without what moves a cursor or turns text around."""
    return without_unseen(str(text)[:MAX_SHOWN])


def read_retry_after(text: str | None) -> float | None:
    """Return the seconds that a `Retry-After` asks for; None when it is none."""
    if text is None:
        return None
    if re.fullmatch(r"\d{1,9}", text):
        return min(float(text), LONGEST_ASKED_S)
    try:
        asked = parsedate_to_datetime(text).timestamp() - time.time()
        return min(max(0.0, asked), LONGEST_ASKED_S)
    except (TypeError, ValueError, OverflowError):
        return None


def asked_pause(error: Exception) -> float:
    """Return how long whoever refused asks to be left alone, in seconds."""
    return (error.retry_after_s or 0.0) if isinstance(error, Problem) else 0.0


def is_fault(error: Exception) -> bool:
    """Tell whether it is a fault of this program, whose place in it the log tells."""
    return not isinstance(error, (RuntimeError, ValueError, OSError))


def unreachable(relay: object, error: Exception) -> RelayUnreachable:
    """Turn an error of the network into words with a fix."""
    return RelayUnreachable(
        f"Cannot reach the relay at {str(relay).rstrip('/')}: {words_for(error)}"
    )


def words_for(error: Exception) -> str:
    """Return what went wrong with the network, and what to do."""
    if isinstance(error, ssl.SSLCertVerificationError):
        if "mismatch" in error.verify_message or "not valid for" in error.verify_message:
            return "its certificate is for another name; check the address"
        if "expired" in error.verify_message or "not yet valid" in error.verify_message:
            return "its certificate is not valid now; check this computer's clock"
        return (
            "its certificate is signed by nobody this computer trusts; "
            "for a relay with an authority of its own, name that with --ca FILE"
        )
    if isinstance(error, ssl.SSLError):
        return f"no TLS with it ({error.reason}); check the address and its port"
    if isinstance(error, socket.gaierror):
        return "the name is not known; check the address and the network"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there; check the address and its port"
    if isinstance(error, TimeoutError):
        return "no answer in time; check the network"
    if isinstance(error, (ConnectionError, EOFError)):
        return "the connection broke off; try again in a moment"
    return shown(error) or type(error).__name__
