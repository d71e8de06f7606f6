"""Claims a name: shows a code, and has the relay look for it in the person's bio."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from .api import Api
from .identity import read_time
from .problem import RelayProblem, RelayUnreachable, shown
from .records import PendingClaim
from .state import State
from .terminal import Lines, say

WORTH_CONTINUING_S = 120.0  # that a code of the last time has to last

MAX_CHECKS = 20  # that a relay allows for a claim
# Checks by themselves: people are quick, or they went for a tea. Ten of the last reach the end
# of a code's 15 minutes, and leave some that the person asks for.
PAUSES_S = (15.0, 20.0, 30.0, 45.0, *[75.0] * 10)

INTRODUCTION = """
To show that {name} is you, put this code into the bio of your profile "{name}"
and save it. It has to stand alone, with spaces or line ends around it:

    {code}

It is good for {minutes} minutes, and it is no secret. You can take it out again afterwards.
"""


class Claiming:
    """One claim, from the code to the account."""

    def __init__(self, api: Api, state: State, lines: Lines | None, bio_file: str | None) -> None:
        """`lines` are what the person types; `bio_file` gets the code, for local trials."""
        self._api, self._state, self._lines, self._bio_file = api, state, lines, bio_file
        self._enter: asyncio.Task[str | None] | None = None

    async def claim(self, username: str) -> dict[str, str]:
        """Return `username`, `hostname` and `token`.

        Raises RelayProblem when the relay refuses for good, RuntimeError when the time is over.
        """
        claim = self._left(username) or await self._new(username)
        over = read_time(claim.expiresAt) or time.time() + 60
        minutes = max(1, round((over - time.time()) / 60))
        say(INTRODUCTION.format(name=username, code=claim.code, minutes=minutes))
        if self._bio_file is not None:
            path = Path(self._bio_file)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{claim.code}\n", encoding="utf-8")
            say(f"The code was written into {path}.")
        else:
            enter = "" if self._lines is None else "; press Enter to have it looked at now"
            say(f"Waiting, and looking for it every now and then{enter} ...")
        try:
            return await self._until_found(claim, over)
        finally:
            if self._enter is not None:
                self._enter.cancel()

    def _left(self, username: str) -> PendingClaim | None:
        left = self._state.claim()
        if left is None or (left.username, left.relay) != (username, str(self._api.relay)):
            return None
        if (read_time(left.expiresAt) or 0) - time.time() < WORTH_CONTINUING_S:
            return None
        say("Going on with the code of the last time.")
        return left

    async def _new(self, username: str) -> PendingClaim:
        told = await self._api.claim(username)
        code = shown(told["code"])
        claim = PendingClaim(
            str(self._api.relay), username, told["hostname"], told["claim"], code, told["expiresAt"]
        )
        self._state.save(claim)
        return claim

    async def _until_found(self, claim: PendingClaim, over: float) -> dict[str, str]:
        automatic = 0
        # A file is there at once, a person is not.
        pause: float | None = PAUSES_S[0] if self._bio_file is None else 0.0
        for _ in range(MAX_CHECKS):
            left = max(0.0, over - time.time())
            if not await self._enter_or(left if pause is None else min(pause, left)):
                automatic += 1
            if time.time() >= over:
                break
            pause = PAUSES_S[automatic] if automatic < len(PAUSES_S) else None
            try:
                verified = await self._api.verify(claim.claim)
            except (RelayProblem, RelayUnreachable) as error:
                if isinstance(error, RelayProblem):
                    if _is_final(error):
                        self._state.forget(PendingClaim)
                        raise
                    if pause is not None:
                        pause = max(pause, error.retry_after_s or 0.0)
                again = "" if pause is None else f" Looking again in {pause:.0f} s."
                say(f"Not yet. {error}{again}")
            else:
                self._state.forget(PendingClaim)
                return verified
        self._state.forget(PendingClaim)
        raise RuntimeError(
            "The code's time is over before it was found. Run the same again for a new code"
        )

    async def _enter_or(self, seconds: float) -> bool:
        """Wait for Enter or the time, whichever comes first; True for Enter."""
        if self._lines is None:
            await asyncio.sleep(seconds)
            return False
        if self._enter is None:
            self._enter = asyncio.ensure_future(self._lines.next())
        done, _ = await asyncio.wait({self._enter}, timeout=seconds)
        if not done:
            return False
        line, self._enter = self._enter.result(), None
        if line is None:  # after the end of the input nobody presses Enter any more
            self._lines = None
            await asyncio.sleep(seconds)
        return line is not None


def _is_final(problem: RelayProblem) -> bool:
    """Whether asking again with this claim can never help."""
    return problem.code in ("claim-not-found", "claim-expired") or problem.status in (401, 403)
