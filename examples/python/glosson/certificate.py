"""Gets a certificate for a new key from the relay, and saves both."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence

from .also import hosts_of
from .api import Api
from .identity import Identity, check_identity, make_key_and_request
from .known_keys import note_key
from .problem import RelayProblem
from .records import Account, PendingRequest, SavedIdentity
from .state import State

POLL_S = 2.0  # between two questions when the relay names no time
SHORTEST_POLL_S, LONGEST_POLL_S = 0.25, 60.0
PATIENCE_S = 600.0  # for one certificate; authorities answer within minutes

log = logging.getLogger(__name__)


async def obtain_certificate(
    api: Api, state: State, account: Account, had: Sequence[str] | None = None
) -> Identity:
    """Ask for a certificate until it is there.

    With the hosts that there `had` been, those are asked for where the relay does not give all of
    the account's, and at last the page's own alone.

    A request under way is continued, also one that an earlier run left: each new one counts
    against a daily limit. The key is saved before it is needed, and never sent.

    Raises RelayProblem and RelayUnreachable as the Api does, ValueError or RuntimeError when
    the authority failed, took too long, or certified something else.
    """
    give_up = time.monotonic() + PATIENCE_S
    pending, pause = state.request(), 0.0
    left = pending is not None  # by an earlier run
    while True:
        if pending is None:
            pending, pause = await _request(api, state, account, had)
        await asyncio.sleep(pause)
        try:
            reply = await api.certificate(pending.id)
        except RelayProblem as problem:
            if problem.code != "certificate-not-found":
                raise
            if not left:
                raise RuntimeError(
                    "Cannot get a certificate: the relay forgot the request"
                ) from None
            pending, left = None, False
            continue
        status = reply.members["status"]
        if status == "ready":
            state.forget(PendingRequest)
            return await _accept(reply.members, pending.key, state, account.hostname)
        if status == "failed":
            state.forget(PendingRequest)
            if left:  # what became of an earlier run's request does not matter: ask anew
                pending, left = None, False
                continue
            problem_told = reply.members.get("problem")
            told = problem_told if isinstance(problem_told, dict) else {}
            parts = [str(told[name]) for name in ("title", "detail") if told.get(name)]
            text = ": ".join(parts) or "The certificate could not be had"
            raise RelayProblem(200, text, "certificate-failed")
        if time.monotonic() >= give_up:
            raise RuntimeError(
                "Cannot wait longer for the certificate: the request goes on, "
                "try again in a few minutes"
            )
        pause = _pause(reply.retry_after_s)


async def _request(
    api: Api, state: State, account: Account, had: Sequence[str] | None
) -> tuple[PendingRequest, float]:
    hosts, *fewer = _choices(hosts_of(account), had)
    while True:
        key, csr = await make_key_and_request(hosts, account.keyType)
        await asyncio.to_thread(note_key, state, key)
        try:
            reply = await api.request_certificate(csr)
        except RelayProblem as problem:
            if not is_refusal_of_names(problem) or not fewer:
                raise
            log.warning("The relay gives not all names below yours: %s", problem)
            hosts = fewer.pop(0)
            continue
        pending = PendingRequest(reply.members["id"], key)
        await asyncio.to_thread(state.save, pending)
        return pending, _pause(reply.retry_after_s)


def is_refusal_of_names(error: Exception) -> bool:
    """Whether the relay does not give a certificate for the names that were asked for."""
    return isinstance(error, RelayProblem) and error.code == "bad-csr"


def _choices(hosts: list[str], had: Sequence[str] | None) -> list[list[str]]:
    """Return what to ask for, one after another, each time fewer."""
    if had is None:
        return [hosts]
    own = hosts[:1]
    kept = [host for host in hosts if host in own or host in had]
    choices = [hosts]
    for names in (kept, own):
        if len(names) < len(choices[-1]):
            choices.append(names)
    return choices


async def _accept(answer: dict[str, object], key: str, state: State, hostname: str) -> Identity:
    renew_after = answer.get("renewAfter")
    saved = SavedIdentity(
        key, str(answer.get("certificate")), renew_after if isinstance(renew_after, str) else None
    )
    identity = check_identity(saved, hostname, time.time())
    await asyncio.to_thread(state.save_identity, saved)
    return identity


def _pause(asked: float | None) -> float:
    return min(max(POLL_S if asked is None else asked, SHORTEST_POLL_S), LONGEST_POLL_S)
