"""What an ACME server answers: JSON, or why it refuses (RFC 8555 section 6.7)."""

from __future__ import annotations

import json
from typing import Any

from .http_client import Reply
from .problem import Problem, shown

PREFIX = "urn:ietf:params:acme:error:"


class AcmeProblem(Problem):
    """What an ACME server refuses (RFC 8555 section 6.7)."""

    def __init__(self, kind: str, status: int, text: str, retry_after_s: float | None) -> None:
        """`kind` is its type without the common prefix, empty where it told none."""
        super().__init__(text)
        self.kind, self.status, self.retry_after_s = kind, status, retry_after_s


def kind_of(problem: dict[str, Any]) -> str:
    """Return the type of a problem without the common prefix, empty where it has another."""
    kind = str(problem.get("type"))
    return kind[len(PREFIX) :] if kind.startswith(PREFIX) else ""


def read_json(reply: Reply) -> dict[str, Any]:
    """Return the members of an answer; RuntimeError when it has none."""
    try:
        value = json.loads(reply.body)
    except ValueError:
        value = None
    if isinstance(value, dict):
        return value
    raise RuntimeError("The ACME server's answer is no JSON object")


def detail_of(problem: object) -> str:
    """Return what a problem document tells a person, with what its parts tell."""
    told = problem if isinstance(problem, dict) else {}
    parts = told.get("subproblems")
    each = [told, *(parts if isinstance(parts, list) else [])]
    details = [part.get("detail") for part in each if isinstance(part, dict)]
    text = "; ".join(str(one) for one in details if one) or told.get("type") or "no reason"
    where = told.get("instance")
    if told.get("type") == f"{PREFIX}userActionRequired" and isinstance(where, str):
        # Only a person can agree to new terms and the like, there (RFC 8555 section 7.3.3).
        text = f"open {where} and do what it asks for: {text}"
    return shown(text)
