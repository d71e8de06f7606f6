"""Whether visitors can reach a client, as it is told to the relay, in the log and by `status`."""

from __future__ import annotations

import asyncio
import errno
import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from glosson.data_connection import Foreign, Joined, NotJoined, Refused
from glosson.data_path import DataPath, Report, trouble_of
from glosson.data_transports import AUTO, TCP, WEBSOCKET
from glosson.health import Health
from glosson.messages import DataAddress
from glosson.state import State

DATA = DataAddress("d.example", 9000)


async def become(path: DataPath, outcome: object, answers_at_once: bool = False) -> None:
    """Make a data connection with this outcome, which may be an error."""

    async def dial(_shown: Callable[[str], None]) -> Joined:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome  # type: ignore[return-value]

    try:
        await path.watch(DATA, dial, answers_at_once)
    except Exception as error:
        assert error is outcome


def learned(*outcomes: object, answers_at_once: bool = False) -> list[str]:
    """What is told after data connections with these outcomes, one after the other."""
    told: list[str] = []
    path = DataPath(lambda report: told.append(report.word))

    async def main() -> None:
        for outcome in outcomes:
            await become(path, outcome, answers_at_once)

    asyncio.run(main())
    return told


def test_a_way_that_never_worked_is_told_at_once() -> None:
    assert learned(ConnectionRefusedError()) == ["refused"]
    assert learned(ConnectionRefusedError(), TimeoutError(), "joined") == ["refused", "works"]


def test_a_way_that_was_good_may_fail_once() -> None:
    assert learned("joined", TimeoutError(), "joined", TimeoutError()) == ["works"]
    assert learned("joined", TimeoutError(), TimeoutError()) == ["works", "timeout"]
    assert learned(NotJoined(), NotJoined()) == []
    assert learned(NotJoined(), NotJoined(), NotJoined()) == ["closed"]
    assert learned(Refused()) == ["works"]  # by nobody but a relay


def test_a_way_where_visitors_tickets_are_refused_is_another_relays() -> None:
    refused = [Refused(), Refused(), Refused()]
    assert learned(*refused) == ["works"]  # those to park with may be old
    told = learned(*refused, "joined", Refused(), answers_at_once=True)
    assert told == ["works", "foreign", "works"]
    # Visitors who left while the client was asked.
    assert learned("joined", *refused, answers_at_once=True) == ["works"]


def test_answers_that_get_lost_are_told_until_they_arrive() -> None:
    told: list[Report] = []
    path = DataPath(told.append)
    assert path.note_answers(False) is None  # no way is known

    asyncio.run(become(path, "joined"))
    assert path.note_answers(True) is None
    lost = path.note_answers(False)
    assert lost is not None
    assert (lost.data, lost.word, lost.over) == (DATA, "lost", TCP)
    assert path.note_answers(False) is None
    asyncio.run(become(path, "joined"))  # connections come about as before, or fail now and then
    asyncio.run(become(path, ConnectionRefusedError()))
    assert path.report == lost
    assert path.note_answers(True) is not None
    assert [report.word for report in told] == ["works", "lost", "works"]


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (socket.gaierror(), "unknown-host"),
        (ConnectionRefusedError(), "refused"),
        (TimeoutError(), "timeout"),
        (OSError(errno.ENETUNREACH, "unreachable"), "no-route"),
        (ConnectionResetError(), "closed"),
        (Foreign("HTTP"), "foreign"),
        (PermissionError("private"), "other"),
    ],
)
def test_words_for_troubles(error: Exception, word: str) -> None:
    assert trouble_of(error)[0] == word


def test_one_that_stays_says_nothing_where_a_visitors_was_not_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("glosson.data_path.STEADY_S", 0.0)
    told: list[str] = []
    path = DataPath(lambda report: told.append(report.word))

    async def meet(shown: Callable[[str], None]) -> Joined:
        shown(TCP)
        raise TimeoutError

    async def park(shown: Callable[[str], None]) -> Joined:
        shown(TCP)
        await asyncio.sleep(0.02)
        raise NotJoined

    async def join(shown: Callable[[str], None]) -> Joined:
        shown(TCP)
        return Joined(None, None, b"")  # type: ignore[arg-type]

    async def main() -> None:
        for dial in (park, meet, park, meet, park):
            with pytest.raises((TimeoutError, NotJoined)):
                await path.watch(DATA, dial, dial is meet)
        assert told == ["works", "timeout"]
        assert path.report is not None and "not answered" in path.report.detail
        await path.watch(DATA, join, True)

    asyncio.run(main())
    assert told == ["works", "timeout", "works"]


def test_a_parked_connection_that_stays_says_that_the_way_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("glosson.data_path.STEADY_S", 0.01)
    told: list[str] = []
    path = DataPath(lambda report: told.append(report.word))

    async def dial(shown: Callable[[str], None]) -> Joined:
        shown("tcp")
        await asyncio.sleep(0.1)
        raise NotJoined

    async def main() -> None:
        with pytest.raises(NotJoined):
            await path.watch(DATA, dial)

    asyncio.run(main())
    assert told == ["works"]


def health_of(folder: Path, transport: str) -> Health:
    async def make() -> Health:  # to Python 3.9 its event belongs to the loop that there is
        return Health(State(folder), transport)

    return asyncio.run(make())


def test_what_a_running_client_says_of_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state = State(tmp_path)
    health = health_of(tmp_path, AUTO)
    health.offline("the relay is restarting")
    assert (state.running() or {})["why"] == "the relay is restarting"
    health.online("https://kaylee.example")
    health.data_path(Report(DATA, "refused", "connection refused", "tcp"))
    health.data_path(Report(DATA, "refused", "connection refused", "tcp"))
    warned = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(warned) == 1 and "d.example:9000" in warned[0] and "refused" in warned[0]
    told = json.loads((tmp_path / "running.json").read_text())
    assert set(told) == {"since", "why", "data", "page", "seen"} and told["why"] is None
    assert told["page"] == "https://kaylee.example"
    since = told["data"].pop("since")
    problem = "connection refused"
    place = {"host": "d.example", "port": 9000, "works": False}
    assert told["data"] == {**place, "over": "tcp", "problem": problem}
    assert since.endswith("Z")
    health.end()
    assert state.running() is None


@pytest.mark.parametrize(
    ("transport", "told"),
    [
        (AUTO, "the relay's data port d.example:9000 cannot be used (late), nor WebSockets in its"),
        (TCP, "the relay's data port d.example:9000 cannot be used (late); let connections to it"),
        (WEBSOCKET, "no WebSockets to the relay's own port can be used in place of d.example:9000"),
    ],
)
def test_only_what_was_tried_is_said_to_fail(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, transport: str, told: str
) -> None:
    health_of(tmp_path, transport).data_path(Report(DATA, "timeout", "late", transport))
    assert caplog.messages[0].startswith(f"Visitors cannot be served: {told}")
