"""What is said to a relay and understood of it; needs neither relay nor network."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from glosson import renewal
from glosson.acme_problem import AcmeProblem
from glosson.api import Api, is_answer
from glosson.connection import dial
from glosson.data_connection import Joined, NotJoined
from glosson.data_ports import MAX_DATA_PORTS, DataPorts
from glosson.data_transports import FIRST_TRY_S
from glosson.endings import closed, goodbye
from glosson.exit_codes import exit_code_of
from glosson.identity import Identity, read_time, rfc3339
from glosson.limit import Limit
from glosson.messages import Connect, DataAddress, Goodbye, Online, Tickets, Told, read_message
from glosson.parking import Parking
from glosson.pool_size import PoolSize
from glosson.problem import RelayProblem, RelayUnreachable, read_problem, read_retry_after
from glosson.records import NothingSetUp, SavedIdentity
from glosson.relay_address import connect_host, may_dial, read_relay_address
from glosson.session import Session
from glosson.terminal import complain, say
from glosson.unseen import LineFormatter, has_unseen, without_unseen

TICKET = "A" * 22


@pytest.mark.parametrize(
    ("address", "relay", "allowed"),
    [
        ("93.184.216.34", "93.184.216.34", True),
        ("127.0.0.1", "93.184.216.34", False),
        ("10.0.0.1", "93.184.216.34", False),
        ("192.168.1.1", "2600::1", False),
        ("169.254.1.1", "93.184.216.34", False),
        ("100.64.0.1", "93.184.216.34", False),
        ("0.0.0.0", "93.184.216.34", False),
        ("224.0.0.1", "93.184.216.34", False),
        ("::1", "2600::1", False),
        ("fe80::1%eth0", "2600::1", False),
        ("fd00::1", "2600::1", False),
        ("::ffff:10.0.0.1", "2600::1", False),
        ("::127.0.0.1", "2600::1", False),
        ("64:ff9b::10.0.0.1", "2600::1", False),
        ("64:ff9b:1:fffe::192.168.1.1", "2600::1", False),
        ("2002:c0a8:101::1", "2600::1", False),
        ("2001:0:a00:1::f7f7:f7f7", "2600::1", False),
        ("2606:4700::5efe:10.0.0.1", "2600::1", False),
        ("fd00::5efe:8.8.8.8", "2600::1", False),
        ("::ffff:93.184.216.34", "2600::1", True),
        ("64:ff9b::93.184.216.34", "2600::1", True),
        ("2002:5db8:d822::1", "2600::1", True),
        ("2600::2", "93.184.216.34", True),
        ("127.0.0.1", "127.0.0.1", True),
        ("10.0.0.2", "192.168.0.1", True),
    ],
)
def test_a_relay_elsewhere_cannot_send_a_client_about_in_its_own_network(
    address: str, relay: str, allowed: bool
) -> None:
    assert may_dial(address, relay) is allowed


def test_addresses_of_relays() -> None:
    assert str(read_relay_address("Relay.Example.org")) == "https://relay.example.org/"
    assert str(read_relay_address("https://r.example:443/")) == "https://r.example/"
    assert str(read_relay_address("https://r.example:9443")) == "https://r.example:9443/"
    assert str(read_relay_address("example.org").below("relay")) == "https://relay.example.org/"
    for text in ("http://r.example", "https://r.example/x", "https://a@r.example", "", "https://"):
        with pytest.raises(ValueError, match="relay address"):
            read_relay_address(text)
    assert connect_host("a.glosson.LOCALHOST.") == "127.0.0.1"
    assert connect_host("localhost.example") == "localhost.example"


def test_messages_of_the_relay() -> None:
    def read(**message: object) -> object:
        return read_message(json.dumps(message))

    there = {"dataHost": "d.example", "dataPort": 9000}
    online = read(type="online", hostname="a.b", url="https://a.b:1", new=1, **there)
    assert online == Online("https://a.b:1", DataAddress("d.example", 9000))
    assert read(type="tickets", tickets=[TICKET, 5, "short"]) == Tickets((TICKET,), Told())
    other = {"dataHost": "e.example", "dataPort": 1}
    assert read(type="tickets", tickets=[], **other) == Tickets((), Told("e.example", 1))
    for part in other:
        told = Told(**{part.removeprefix("data").lower(): other[part]})
        message = read(type="tickets", tickets=[], **{part: other[part]})
        assert message == Tickets((), told), part
    assert read(type="connect", ticket=TICKET, expiresInMs=5000) == Connect(TICKET, 5.0, Told())
    assert read(type="connect", ticket=TICKET) == Connect(TICKET, 60.0, Told())
    visitor = {"address": "2001:DB8::1", "port": 1}
    assert read(type="connect", ticket=TICKET, visitor=visitor).address == "2001:db8::1"
    for none in (None, {}, "192.0.2.1", {"address": "home"}, {"address": None}):
        assert read(type="connect", ticket=TICKET, visitor=none).address is None, none
    assert read(type="goodbye", reason="draining", retryAfterMs=1500) == Goodbye("draining", 1.5)
    assert read(type="goodbye", reason="x", retryAfterMs=None) == Goodbye("x", None)
    assert read(type="goodbye", reason="draining") == Goodbye("draining", 0.0)
    assert read(type="from-the-future", tickets=3) is None
    for frame in (
        b"{}",
        "nonsense",
        "[]",
        "{}",
        '{"type": 3}',
        '{"type": "online", "hostname": "a.b"}',
        '{"type": "connect", "ticket": "short"}',
        '{"type": "tickets"}',
        '{"type": "x", "more": ' + "[" * 8000 + "]" * 8000 + "}",
        '{"type": "tickets", "tickets": [], "dataHost": "d e"}',
        '{"type": "tickets", "tickets": [], "dataPort": true}',
        '{"type": "online", "hostname": "a.b", "dataHost": "d.example"}',
        '{"type": "online", "hostname": "a.b", "dataHost": "d", "dataPort": 70000}',
    ):
        with pytest.raises(ValueError):
            read_message(frame)


def test_what_an_ending_means() -> None:
    assert goodbye(Goodbye("replaced", 0.0)).exit_code == closed(4409).exit_code == 3
    assert goodbye(Goodbye("revoked", 0.0)).exit_code == closed(4401).exit_code == 4
    assert goodbye(Goodbye("protocol", None)).exit_code == 6
    again = goodbye(Goodbye("draining", 2.0))
    assert again.exit_code is None and again.wait_s == 2.0
    assert goodbye(Goodbye("draining", 1e9)).wait_s == 3600.0
    assert all(closed(code).exit_code is None for code in (None, 1001, 1006, 1012, 4400, 4408))


def test_what_a_command_raised_is_told_apart_by_the_exit_code() -> None:
    assert exit_code_of(RelayProblem(401, "no", "unauthorized")) == 4
    assert exit_code_of(RelayProblem(403, "no", "suspended")) == 5
    assert exit_code_of(RelayProblem(403, "no", "reserved-username")) == 1
    assert exit_code_of(RelayUnreachable("no")) == 6
    assert exit_code_of(NothingSetUp(Path("/s"))) == 2
    assert exit_code_of(OSError("no")) == 1


def test_problems_are_shown_without_control_characters() -> None:
    body = {"type": "urn:glosson:problem:rate-limited", "title": "Slow\x1b[2J", "detail": "Later."}
    problem = read_problem(429, json.dumps(body).encode(), 5.0)
    assert (problem.code, str(problem)) == ("rate-limited", "Slow [2J: Later.")
    for none in (b"<html>", b"[" * 60_000):
        assert str(read_problem(502, none, None)) == "The relay answered with status 502"
    assert read_retry_after("7") == 7.0 and read_retry_after("soon") is None
    assert read_retry_after("Thu, 01 Jan 1970 00:00:00 GMT") == 0.0


# Clears the screen, C1's way to say the same, turned around, cut off, on another line.
HOSTILE = "\x1b[2J\x9b2J\x85\u202egnp.exe\u2066\u2028\ud800\r\n"


def test_nothing_that_a_relay_says_acts_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    body = {"type": f"urn:glosson:problem:{HOSTILE}", "title": HOSTILE, "detail": f"a{HOSTILE}b"}
    problem = read_problem(403, json.dumps(body).encode(), None)
    assert not has_unseen(str(problem)) and not has_unseen(problem.code)
    assert without_unseen(f"a{HOSTILE}b") == "a [2J 2J gnp.exe b"
    say(f"one\n{HOSTILE}")
    complain(HOSTILE)
    record = logging.LogRecord("x", logging.INFO, "", 1, "a %s", (HOSTILE,), None)
    line = LineFormatter("%(message)s").format(record)
    assert not has_unseen(line) and "\\n" in line
    out, err = capsys.readouterr()
    assert not has_unseen((out + err).replace("\n", ""))
    assert out.startswith("one\n\\x1b[2J") and err.startswith("glosson: \\x1b[2J")


@pytest.mark.parametrize("name", ["hostname", "code", "id", "renewAfter", "certificate", "other"])
def test_an_answer_that_acts_on_a_terminal_is_none(name: str) -> None:
    needed = {"hostname": str}
    right = {"hostname": "kaylee.example.org", "certificate": "-----BEGIN\r\nx\n"}
    assert is_answer(right, needed)
    for text in (HOSTILE, "a\x1bb", "\u202e", "\x9b"):
        assert not is_answer({**right, name: f"{right.get(name, '')}{text}"}, needed)
    assert not is_answer({**right, "hostname": "<script>"}, needed)


def test_online_names_hosts_and_an_address() -> None:
    def read(**other: object) -> object:
        told = {"type": "online", "hostname": "h.test", "dataHost": "d.test", "dataPort": 1}
        return read_message(json.dumps({**told, **other}))

    assert read() == Online("https://h.test", DataAddress("d.test", 1))
    assert read(url="https://h.test:8443/") == Online(
        "https://h.test:8443/", DataAddress("d.test", 1)
    )
    assert read(url=f"https://h.test/{HOSTILE}") == read()
    for member in ("hostname", "dataHost"):
        with pytest.raises(ValueError, match="no "):
            read(**{member: f"h{HOSTILE}.test"})


def test_the_pool_follows_the_visitors() -> None:
    now = 0.0
    pool = PoolSize(16, lambda: now)
    assert pool.size == 4 and PoolSize(2).size == 2 and PoolSize(0).size == 0
    for _ in range(8):
        pool.note()
    assert pool.size == 12
    for _ in range(20):
        pool.note()
    assert pool.size == 16
    now = 61.0
    assert pool.size == 8
    now = 200.0
    assert pool.size == 4


def test_when_to_renew() -> None:
    saved = SavedIdentity("key", "chain")
    assert renewal.renewal_time(Identity(saved, 0, 300, "")) == 200
    advised = SavedIdentity("key", "chain", "1970-01-01T00:01:40Z")
    assert renewal.renewal_time(Identity(advised, 0, 300, "")) == 100
    assert renewal.renewal_time(Identity(SavedIdentity("", "", "soon"), 0, 300, "")) == 200
    assert 48 <= renewal.next_look(0, 1000) <= 60
    assert 2880 <= renewal.next_look(1e9, 0) <= 3600
    assert read_time("2026-01-02T03:04:05.250Z") == read_time("2026-01-02T04:04:05.25+01:00")
    assert rfc3339(read_time("2026-01-02T03:04:05.250Z") or 0) == "2026-01-02T03:04:05.250Z"


def test_a_renewal_is_tried_again_and_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renewal, "SHORTEST_LOOK_S", 0.0)
    monkeypatch.setattr(renewal, "FIRST_PAUSE_S", 0.0)
    now, tries, used = time.time(), [], []
    due = Identity(SavedIdentity("", "", None), now - 100, now + 1, "")
    fresh = Identity(SavedIdentity("", "", None), now, now + 1e9, "")

    async def obtain(_had: Sequence[str] | None) -> Identity:
        tries.append(1)
        if len(tries) < 3:
            raise RuntimeError("not now")
        return fresh

    async def main() -> None:
        keeping = asyncio.ensure_future(renewal.keep_certificate(due, obtain, used.append))
        while not used and not keeping.done():
            await asyncio.sleep(0)
        keeping.cancel()

    asyncio.run(main())
    assert used == [fresh] and len(tries) == 3


def test_an_authority_that_asks_for_a_pause_gets_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(renewal, "FIRST_PAUSE_S", 0.0)
    due = Identity(SavedIdentity("", "", None), time.time() - 100, time.time() + 1, "")

    async def obtain(_had: Sequence[str] | None) -> Identity:
        raise AcmeProblem("rateLimited", 429, "too many", read_retry_after("3600"))

    async def main() -> None:
        keeping = asyncio.ensure_future(renewal.keep_certificate(due, obtain, lambda _used: None))
        while "trying again" not in caplog.text:
            await asyncio.sleep(0)
        keeping.cancel()

    asyncio.run(main())
    assert "trying again in 3600 s: too many" in caplog.text
    assert read_retry_after("999999999") == 7 * 86_400
    assert read_retry_after("Fri, 31 Dec 9999 23:59:59 GMT") == 7 * 86_400


def test_a_session_names_so_many_data_ports() -> None:
    usual = DataAddress("d.example", 9000)
    ports = DataPorts(usual)
    others = [DataAddress("d.example", port) for port in range(1, MAX_DATA_PORTS + 1)]
    assert ports.of(Told()) == usual
    assert [ports.of(Told(port=other.port)) for other in others] == [*others[:-1], None]
    assert ports.of(Told("d.example", 9000)) == ports.of(Told("d.example")) == usual
    assert ports.of(Told("d.example", 1)) == others[0]
    assert DataPorts(usual).of(Told("e.example")) == DataAddress("e.example", 9000)


def test_tickets_that_come_before_there_is_a_place_are_used_when_there_is_one() -> None:
    shown: list[str] = []
    data = DataAddress("d.example", 9000)

    async def dial(_data: DataAddress, ticket: str, on_shown: Callable[[], None]) -> Joined:
        on_shown()
        shown.append(ticket)
        await asyncio.sleep(0)
        raise NotJoined

    async def main() -> None:
        place = Parking(lambda: 1, dial, lambda _joined: None, lambda: None)
        place._backoff.next = lambda: 0.0  # type: ignore[method-assign]
        place.offer(("first",), data)
        place.offer(("second", "third"), data)
        while len(shown) < 3:
            await asyncio.sleep(0.001)
        await place.stop()

    async def in_time() -> None:
        await asyncio.wait_for(main(), 5)

    asyncio.run(in_time())
    assert shown == ["first", "second", "third"]


def test_each_data_port_of_a_relay_has_its_own_parked_connections() -> None:
    dialled: list[tuple[DataAddress, str]] = []
    home, other = DataAddress("d.example", 9000), DataAddress("e.example", 9000)

    async def park(data: DataAddress, ticket: str, _on_shown: Callable[[], None]) -> Joined:
        dialled.append((data, ticket))
        await asyncio.sleep(60)
        raise NotJoined

    async def main() -> None:
        front = SimpleNamespace(room=8)
        session = Session(SimpleNamespace(most_parked=1, front=front, transport="auto"))  # type: ignore[arg-type]
        session._dialer.park = park  # type: ignore[method-assign, assignment]
        session._park(("one", "two"), home)
        session._park(("three", "four"), other)
        session._park(("five",), None)
        await asyncio.sleep(0.01)
        for parking in session._parkings.values():
            await parking.stop()

    asyncio.run(main())
    assert dialled == [(home, "one"), (other, "three")]


def test_an_address_that_is_silent_leaves_time_for_the_next_ones() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        tried: list[str] = []
        addresses = ["2001:db8::1", "2001:db8::2", "127.0.0.1"]

        async def found(*_: object, **__: object) -> list[object]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (ip, 9)) for ip in addresses]

        async def connect(_sock: socket.socket, address: tuple[str, int]) -> None:
            tried.append(address[0])
            if address[0] != "127.0.0.1":
                await asyncio.sleep(60)

        loop.getaddrinfo = found  # type: ignore[method-assign, assignment]
        loop.sock_connect = connect  # type: ignore[method-assign, assignment]
        with Limit(FIRST_TRY_S, "nobody answers"):
            (await dial("d.example", 9)).close()
        assert tried == addresses

    asyncio.run(main())


def test_the_address_of_the_relay_that_answered_last_is_tried_first() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        tried: list[str] = []
        with socket.create_server(("127.0.0.3", 0)) as server:
            port = server.getsockname()[1]
            addresses = ["127.0.0.2", "127.0.0.3", "127.0.0.4"]

            async def found(*_: object, **__: object) -> list[object]:
                return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (ip, port)) for ip in addresses]

            connect = loop.sock_connect

            async def note(sock: socket.socket, address: tuple[str, int]) -> None:
                tried.append(address[0])
                await connect(sock, address)

            loop.getaddrinfo = found  # type: ignore[method-assign, assignment]
            loop.sock_connect = note  # type: ignore[method-assign, assignment]
            relay = read_relay_address(f"https://relay.example.org:{port}")
            api = Api(relay, ssl.create_default_context())
            for _ in range(2):
                (await api.connect()).close()
            addresses.remove("127.0.0.3")
            with pytest.raises(ConnectionRefusedError):
                await api.connect()
        assert tried == ["127.0.0.2", "127.0.0.3", "127.0.0.3", "127.0.0.2", "127.0.0.4"]

    asyncio.run(main())


def test_whoever_stops_dialling_is_not_connected() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        with socket.create_server(("127.0.0.1", 0)) as server:
            address = server.getsockname()

            async def found(*_: object, **__: object) -> list[object]:
                return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", address)]

            loop.getaddrinfo = found  # type: ignore[method-assign, assignment]
            stopped = 0
            for turns in range(
                20
            ):  # of the event loop: one is that in which the connection is made
                dialling = asyncio.ensure_future(dial(*address))
                for _ in range(turns):
                    await asyncio.sleep(0)
                if not dialling.done():
                    stopped += 1
                    dialling.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await dialling
                else:
                    dialling.result().close()
            assert stopped > 0

    asyncio.run(main())
