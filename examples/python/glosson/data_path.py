"""Whether visitors can reach this client: what becomes of the connections to the data port.

The control session says nothing of it: it goes to another port, often to another host, and lives on
where a firewall lets only that one through.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from typing import Callable

from .data_connection import Foreign, Joined, NotJoined, Refused
from .messages import DataAddress

STEADY_S = 2.0  # that a connection lasts, once the ticket was shown, to say that the way works
FAILURES = 2  # in a row before a way that was good counts as bad: one can be an accident
CLOSED_FAILURES = 3  # the same where connections are closed at once: a relay may do that too
# Visitors' tickets refused in a row, each just come, that say that it is another relay's port: one
# can be late.
REFUSALS = 2
MAX_ADDRESSES = 16  # a relay has one, and maybe some for its other machines

WORKS = "works"
LOST = "lost"  # connections come about, and what goes over them gets lost

_NOTHING_ARRIVES = (
    "nothing of what visitors are answered arrives: something on the way may drop large packets, "
    "or the server behind --tls-upstream is silent"
)


@dataclass(frozen=True)
class Report:
    """What is known of the way to a data port: a word for the relay, and details for a person."""

    data: DataAddress
    word: str
    detail: str
    over: str  # what carries connections there, or is to


@dataclass
class _Way:
    report: Report | None = None
    failures: int = 0
    worked_after: int = 0  # connections that were begun when it last worked
    # What a relay answers at once was not answered: that connections last says nothing then.
    silent: bool = False
    # Whether a connection lasted or was joined: a ticket that is refused was of a visitor who left.
    relays: bool = False
    refusals: int = 0  # of visitors' tickets, in a row


class DataPath:
    """Learns from the connections that are made anyhow."""

    def __init__(self, on_change: Callable[[Report], None]) -> None:
        """`on_change` is called when something else is known than before."""
        self._on_change = on_change
        self._ways: dict[DataAddress, _Way] = {}
        self._last: Report | None = None
        self._lost: Report | None = None  # while answers do not arrive
        self._begun = 0

    @property
    def report(self) -> Report | None:
        """What is known: of an address that does not work, if there is one."""
        if self._lost is not None:
            return self._lost
        reports = [way.report for way in self._ways.values() if way.report is not None]
        bad = [report for report in reports if report.word != WORKS]
        return next(iter(bad + reports), None)

    def note_answers(self, arrive: bool) -> Report | None:
        """Learn what only the relay sees: whether what visitors are answered arrives there.

        Returns what is known now, None where that is nothing new.
        """
        report = self.report
        if report is None or arrive != (self._lost is not None):
            return None
        self._lost = None if arrive else replace(report, word=LOST, detail=_NOTHING_ARRIVES)
        return self._tell()

    async def watch(
        self,
        data: DataAddress,
        dial: Callable[[Callable[[str], None]], Awaitable[Joined]],
        answers_at_once: bool = False,
    ) -> Joined:
        """Make a data connection by `dial`, which is told what to call when the ticket is shown.

        `answers_at_once` tells that the relay has a visitor for it.
        """
        way = self._way(data)
        self._begun += 1
        serial, judged, over = self._begun, False, "tcp"
        timer: asyncio.TimerHandle | None = None

        def judge(word: str, detail: str = "") -> None:
            nonlocal judged
            if not judged:
                judged = True
                self._learn(way, serial, Report(data, word, detail, over))

        def steady() -> None:
            if not way.silent:
                way.relays = True
                judge(WORKS)

        def on_shown(transport: str) -> None:
            nonlocal timer, over
            over = transport
            if not answers_at_once:
                timer = asyncio.get_running_loop().call_later(STEADY_S, steady)
            shown.append(transport)

        shown: list[str] = []
        try:
            joined = await dial(on_shown)
            way.silent, way.relays = False, True
            judge(WORKS)
            return joined
        except Refused as error:
            way.silent = False
            way.refusals += answers_at_once
            if way.relays or way.refusals < REFUSALS:
                judge(WORKS)  # by nobody but a relay
            else:
                judge(*trouble_of(error))
            raise
        except (NotJoined, OSError, EOFError, ValueError) as error:
            word, detail = trouble_of(error)
            if answers_at_once and shown and isinstance(error, TimeoutError):
                way.silent, detail = True, "what is sent there is not answered"
            judge(word, detail)
            raise
        finally:
            if timer is not None:
                timer.cancel()

    def _way(self, data: DataAddress) -> _Way:
        if data not in self._ways and len(self._ways) >= MAX_ADDRESSES:
            del self._ways[next(iter(self._ways))]
        return self._ways.setdefault(data, _Way())

    def _learn(self, way: _Way, serial: int, found: Report) -> None:
        word = found.word
        known = way.report.word if way.report else None
        if word == WORKS:
            way.failures, way.worked_after = 0, self._begun
        elif serial <= way.worked_after and not way.silent:
            return  # begun before it last worked: it failed for what has passed
        else:
            way.failures += 1
            enough = CLOSED_FAILURES if word == "closed" else 1 if known is None else FAILURES
            if way.failures < enough:
                return
        # Of a bad way the first trouble stands: others come and go with it.
        if known not in (None, WORKS) and word != WORKS:
            return
        if way.report and (known, way.report.over) == (word, found.over):
            return
        way.report = found
        self._tell()

    def _tell(self) -> Report | None:
        """Tell what is known, if that is something else than before."""
        report = self.report
        if report is None or report == self._last:
            return None
        self._last = report
        self._on_change(report)
        return report


def trouble_of(error: Exception) -> tuple[str, str]:
    """Tell what a failure says of the way: the relay's word for it, and a person's."""
    if isinstance(error, ConnectionRefusedError):
        return "refused", "connection refused"
    if isinstance(error, TimeoutError):
        return "timeout", "no answer"
    if isinstance(error, socket.gaierror):
        return "unknown-host", "there is no address for this name"
    if isinstance(error, OSError) and error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return "no-route", "no route to it"
    if isinstance(error, Refused):
        return "foreign", "the relay's tickets are refused there: it may be another relay's port"
    if isinstance(error, Foreign):
        return "foreign", "what answers there is no data port of a relay"
    if isinstance(error, (NotJoined, ConnectionError)):
        return "closed", "connections are closed at once"
    return "other", str(error) or type(error).__name__
