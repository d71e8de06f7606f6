"""Visitors who say nothing do not keep the others out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from client import Client, Visitor, eventually
from glosson.places import Places, group_of

MOST = 20


def is_open(visitor: Visitor) -> bool:
    visitor.socket.setblocking(False)
    try:
        while visitor.socket.recv(65536):
            pass  # tickets to resume the session with
        return False
    except BlockingIOError:
        return True
    except ConnectionResetError:
        return False


def test_a_hundred_idle_visitors_leave_room_for_another(start: Callable[..., Client]) -> None:
    client = start("idle", "--max-visitors", str(MOST))
    silent = [client.visit() for _ in range(50)]  # TLS, and no request
    for at in range(50):
        visitor = client.visit()
        visitor.send(f"GET / HTTP/1.1\r\nHost: {client.hostname}\r\n\r\n")
        visitor.until(b"</html>")
        silent.append(visitor)
        if at % 10 == 0:
            assert client.get()[0] == 200
    eventually(
        lambda: sum(map(is_open, silent)) <= MOST, "the client keeps more visitors than it may"
    )
    # Whoever was idle the longest went first.
    assert not any(map(is_open, silent[:50]))
    assert is_open(silent[-1])
    assert client.get()[0] == 200 and client.stop() == 0


@dataclass
class Visit:
    group: str
    moved_at: float
    idle_since: float | None = None
    leaving: bool = False


def test_whoever_has_most_places_gives_way_also_where_nobody_is_idle() -> None:
    async def main() -> None:
        places: Places[Visit] = Places(4)

        def come(address: str, moved_at: float, idle_since: float | None = None) -> Visit:
            assert places.may_take(address, 0) and places.has_place(address)
            visit = Visit(group_of(address), moved_at, idle_since)
            tasks.append(asyncio.ensure_future(places.occupy(visit, asyncio.sleep(60))))
            return visit

        tasks: list[asyncio.Future[None]] = []
        a, b, c = "192.0.2.1", "192.0.2.2", "2001:db8::1"
        greedy = [come(a, at) for at in (2.0, 1.0, 3.0)]
        other = come(b, 0.0)
        await asyncio.sleep(0)
        assert not places.has_place(a) and not places.may_take(a, 0)  # as many as anybody
        third = come(c, 9.0)
        assert [visit.leaving for visit in (*greedy, other)] == [False, True, False, False]
        await asyncio.sleep(0)
        greedy[2].idle_since = 8.0  # an idle one goes before a busy one
        come("2001:db8::ffff", 10.0)
        await asyncio.sleep(0)
        assert [visit.leaving for visit in (*greedy, third)] == [False, True, True, False]
        assert places.visitors == 4 and not places.may_take(c, 0)  # a network is one
        await places.stop(0)
        await asyncio.gather(*tasks)

    asyncio.run(main())


def test_nobody_is_said_to_have_a_place_who_gets_none() -> None:
    async def main() -> None:
        places: Places[Visit] = Places(4)
        a, b = "192.0.2.1", "192.0.2.2"
        visits = [Visit(a, 1.0), Visit(a, 2.0), Visit(b, 3.0, 3.0), Visit(b, 4.0, 4.0)]
        tasks = [asyncio.ensure_future(places.occupy(visit, asyncio.sleep(60))) for visit in visits]
        await asyncio.sleep(0)
        assert not places.may_take(a, 0) and not places.has_place(a)  # the first has as many
        visits[0].idle_since = 1.0
        assert places.may_take(a, 0) and places.has_place(a)
        await places.stop(0)
        await asyncio.gather(*tasks)

    asyncio.run(main())


def test_addresses_of_one_household_are_one_group() -> None:
    assert group_of("::ffff:192.0.2.1") == group_of("192.0.2.1") == "192.0.2.1"
    assert group_of("2001:db8::1") == group_of("2001:db8::ffff:2") != group_of("2001:db8:0:1::1")
    assert group_of(None) == ""
