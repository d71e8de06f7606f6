"""What carries visitors from the relay: TCP, else WebSockets to the relay's own port."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from app import App, Call
from client import Client
from glosson.data_connection import Foreign, Joined, Line, NotJoined, Refused
from glosson.data_transports import AUTO, TCP, WEBSOCKET, DataTransports
from glosson.messages import DataAddress
from glosson.state import State

DATA = DataAddress("d.example", 9000)
TICKET = "abcdefghijklmnopqrstu-"
PIECE = bytes(range(256)) * 256


class Ended:
    """A stream that the relay refuses, or ends at once.

    None for what it never answers, bytes for what another program says in its place.
    """

    def __init__(self, refuses: bool | bytes | None) -> None:
        self._refuses = refuses

    async def read(self, _most: int = 0) -> bytes:
        if self._refuses is None:
            await asyncio.sleep(60)
        if isinstance(self._refuses, bytes):
            said, self._refuses = self._refuses, b""
            return said
        if self._refuses:
            raise Refused
        return b""

    async def write(self, data: bytes) -> None:
        assert data

    async def end(self) -> None:
        pass

    def close(self) -> None:
        pass


class Network:
    """One in which lines come to what a test says: True for a ticket that is used up.

    Seconds for one that takes as long to open, None for one that takes bytes and answers nothing,
    bytes for what another program answers.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self.fates: dict[str, bool | bytes | OSError | float | None] = {TCP: True, WEBSOCKET: True}
        self.has_sockets = True
        self.tried: list[str] = []

    def session(self, chosen: str = AUTO) -> DataTransports:
        def opener(transport: str) -> Callable[[DataAddress], object]:
            async def open_line(_data: DataAddress) -> Line:
                self.tried.append(transport)
                fate = self.fates[transport]
                if isinstance(fate, OSError):
                    raise fate
                if isinstance(fate, float):
                    await asyncio.sleep(fate)
                answer = fate if fate is None or isinstance(fate, bytes) else bool(fate)
                return Line(Ended(answer), "192.0.2.5", b"%s")

            return open_line

        async def has_sockets() -> bool:
            return self.has_sockets

        opened = {transport: opener(transport) for transport in (TCP, WEBSOCKET)}
        transports = DataTransports(chosen, opened, has_sockets, self.state.note_network)  # type: ignore[arg-type]
        if "192.0.2.5" in self.state.web_socket_networks():
            transports.remember()
        return transports

    def dial(self, session: DataTransports, parked: bool = True) -> list[str]:
        """Return what was tried, and how it ended."""
        self.tried.clear()

        async def join() -> Joined:
            return await session.join(DATA, TICKET, 1.0, parked, lambda _transport: None)

        try:
            asyncio.run(join())
        except (Refused, NotJoined) as end:
            return [*self.tried, type(end).__name__]
        raise AssertionError("nobody can have come")


@pytest.fixture
def network(tmp_path: Path) -> Network:
    return Network(State(tmp_path))


def test_tcp_comes_first_and_nothing_else_where_it_works(network: Network) -> None:
    session = network.session()
    assert network.dial(session) == network.dial(session, parked=False) == [TCP, "Refused"]
    assert network.state.web_socket_networks() == []


def test_the_same_ticket_goes_over_a_web_socket_and_that_is_remembered(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    network.state.note_network("198.51.100.1", True)
    network.fates[TCP] = ConnectionRefusedError()
    assert network.dial(network.session(), parked=False) == [TCP, WEBSOCKET, "Refused"]
    assert network.state.web_socket_networks() == ["198.51.100.1", "192.0.2.5"]
    assert network.dial(network.session()) == [WEBSOCKET, "Refused"]
    # TCP is tried again once in a while, while no visitor waits for it.
    monkeypatch.setattr("glosson.data_transports.TRY_TCP_EVERY_S", 0.0)
    network.fates[TCP] = True
    session = network.session()
    assert network.dial(session, parked=False) == [WEBSOCKET, "Refused"]
    assert network.dial(session) == [TCP, "Refused"]
    assert network.dial(session, parked=False) == [TCP, "Refused"]
    assert network.state.web_socket_networks() == ["198.51.100.1"]


def test_a_relay_without_web_sockets_is_asked_for_none(network: Network) -> None:
    network.fates[TCP] = ConnectionRefusedError()
    network.has_sockets = False
    with pytest.raises(ConnectionRefusedError):
        network.dial(network.session())
    assert network.tried == [TCP]


def test_a_slow_tcp_has_its_time_where_no_web_socket_can_follow(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glosson.data_transports.FIRST_TRY_S", 0.01)
    network.fates[TCP] = 0.3
    network.has_sockets = False
    assert network.dial(network.session()) == [TCP, "Refused"]
    network.has_sockets = True
    assert network.dial(network.session()) == [TCP, WEBSOCKET, "Refused"]


def test_what_stopped_tcp_is_told_when_nothing_works(network: Network) -> None:
    network.fates = {TCP: ConnectionRefusedError(), WEBSOCKET: OSError("the relay answered 503")}
    with pytest.raises(ConnectionRefusedError):
        network.dial(network.session())
    assert network.state.web_socket_networks() == []


def test_a_tcp_that_never_worked_and_is_cut_off_each_time_is_left(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    network.fates[TCP] = False
    session = network.session()
    for _ in range(5):  # those that end together are one
        assert network.dial(session) == [TCP, "NotJoined"]
    monkeypatch.setattr("glosson.data_transports.TOGETHER_S", 0.0)
    for _ in range(2):
        assert network.dial(session) == [TCP, "NotJoined"]
    assert network.dial(session) == [WEBSOCKET, "Refused"]


def test_a_ticket_is_shown_over_a_web_socket_too_where_tcp_takes_it_and_does_not_answer(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glosson.data_transports.FIRST_TRY_S", 0.01)
    network.fates[TCP] = None
    session = network.session()
    assert network.dial(session, parked=False) == [TCP, WEBSOCKET, "Refused"]
    assert network.state.web_socket_networks() == ["192.0.2.5"]
    # Nobody waits for that again, not for a parked one either, of which silence says nothing.
    assert network.dial(session, parked=False) == network.dial(session) == [WEBSOCKET, "Refused"]


# An SSH server that goes on, a TLS server's alert, an HTTP server.
@pytest.mark.parametrize(
    "said", [b"SSH-2.0-x\r\n", b"\x15\3\1\0\2\2F", b"HTTP/1.1 400 Bad Request"]
)
@pytest.mark.parametrize("parked", [True, False])
def test_a_ticket_is_shown_over_a_web_socket_too_where_no_relay_answers_at_the_data_port(
    network: Network, said: bytes, parked: bool
) -> None:
    session = network.session()
    assert network.dial(session) == [TCP, "Refused"]
    network.fates[TCP] = said
    assert network.dial(session, parked) == [TCP, WEBSOCKET, "Refused"]
    assert network.state.web_socket_networks() == ["192.0.2.5"]
    assert network.dial(session, not parked) == [WEBSOCKET, "Refused"]
    # What is wrong is told where nothing can follow.
    with pytest.raises(Foreign):
        network.dial(network.session(TCP), parked)


def test_a_visitors_ticket_is_shown_over_a_web_socket_too_where_a_tcp_that_never_worked_is_cut_off(
    network: Network,
) -> None:
    network.fates[TCP] = False
    worked = network.session()
    assert network.dial(network.session(TCP), parked=False) == [TCP, "NotJoined"]
    assert network.dial(network.session(), parked=False) == [TCP, WEBSOCKET, "Refused"]
    # One that has worked may have been the visitor's to leave.
    network.fates[TCP] = True
    assert network.dial(worked) == [TCP, "Refused"]
    network.fates[TCP] = False
    assert network.dial(worked, parked=False) == [TCP, "NotJoined"]


def test_a_ticket_has_its_time_on_a_tcp_that_has_worked_or_that_nothing_can_follow(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glosson.data_transports.FIRST_TRY_S", 0.01)
    worked, alone = network.session(), network.session()
    assert network.dial(worked) == [TCP, "Refused"]
    network.fates[TCP] = None
    with pytest.raises(TimeoutError, match="no visitor came"):
        network.dial(worked, parked=False)
    network.has_sockets = False
    with pytest.raises(TimeoutError, match="no visitor came"):
        network.dial(alone, parked=False)


def test_a_tcp_that_worked_is_kept_whatever_a_relay_ends(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glosson.data_transports.TOGETHER_S", 0.0)
    session = network.session()
    assert network.dial(session) == [TCP, "Refused"]
    network.fates[TCP] = False
    for _ in range(5):
        assert network.dial(session) == [TCP, "NotJoined"]


def test_whoever_gives_a_tcp_up_has_learnt_nothing(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    network.fates[TCP] = ConnectionRefusedError()
    session = network.session()
    network.dial(session)
    network.fates[TCP] = True
    monkeypatch.setattr(Ended, "read", lambda *_: asyncio.sleep(60))
    monkeypatch.setattr("glosson.data_transports.TRY_TCP_EVERY_S", 0.0)
    session.remember()

    async def give_up() -> None:
        shown = asyncio.Event()
        joining = session.join(DATA, TICKET, 60.0, True, lambda _transport: shown.set())
        task = asyncio.ensure_future(joining)
        await shown.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(give_up())
    assert network.tried == [TCP, WEBSOCKET, TCP]
    assert network.state.web_socket_networks() == ["192.0.2.5"]


def test_a_tcp_that_loses_what_it_is_given_is_left_for_the_session(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glosson.data_transports.TRY_TCP_EVERY_S", 0.0)
    session = network.session()
    assert network.dial(session) == [TCP, "Refused"]
    session.doubt_tcp()
    assert network.dial(session, parked=False) == [WEBSOCKET, "Refused"]
    assert network.state.web_socket_networks() == ["192.0.2.5"]
    assert network.dial(session) == [WEBSOCKET, "Refused"]
    network.fates[WEBSOCKET] = ConnectionRefusedError()
    assert network.dial(session) == [WEBSOCKET, TCP, "Refused"]  # better than nothing
    assert network.state.web_socket_networks() == ["192.0.2.5"]


def test_a_choice_is_one(network: Network) -> None:
    assert network.dial(network.session(WEBSOCKET)) == [WEBSOCKET, "Refused"]
    network.fates[TCP] = ConnectionRefusedError()
    with pytest.raises(ConnectionRefusedError):
        network.dial(network.session(TCP))
    assert network.state.web_socket_networks() == []


def test_everything_passes_over_a_web_socket(start: Callable[..., Client], app: App) -> None:
    client = start("socket", "--upstream", f"localhost:{app.port}", "--data-over", "websocket")
    body = PIECE * 160
    app.next(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    visitor = client.visit()
    visitor.send(f"GET / HTTP/1.1\r\nHost: {client.hostname}\r\n\r\n")
    visitor.close_notify()
    visitor.fin()
    status, _, got = visitor.answer()
    assert status == 200 and got == body
    app.called()

    def take(call: Call) -> None:
        call.read_body(len(body))
        digest = hashlib.sha256(call.body).hexdigest().encode()
        call.conn.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + digest)

    app.next(take)
    visitor = client.visit()
    visitor.send(f"POST / HTTP/1.1\r\nHost: {client.hostname}\r\nConnection: close\r\n")
    visitor.send(f"Content-Length: {len(body)}\r\n\r\n")
    for _ in range(160):
        visitor.send(PIECE)
    status, _, got = visitor.answer()
    assert status == 200 and hashlib.sha256(body).hexdigest().encode() in got
    app.called()
    assert client.stop() == 0
