"""When a client looks for a relay that it lost; needs neither relay nor network."""

from __future__ import annotations

import asyncio
import math
import random
import socket
import ssl

import pytest

from glosson.api import Api
from glosson.backoff import Backoff
from glosson.relay_address import read_relay_address
from glosson.restarted import refuses, restarted


def look(back_at: float, lost_at: float = 0.0) -> tuple[bool, list[float]]:
    """Look for a relay that is away until then; whether it was found, and when it was looked at."""
    looked: list[float] = []
    now = 0.0

    async def is_away() -> bool:
        looked.append(now)
        return now < back_at

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    found = asyncio.run(restarted(lost_at, is_away, lambda: now, sleep))
    return found, looked


@pytest.mark.parametrize("back_at", [0.001, 0.4, 2.0, 8.0, 25.0])
def test_a_relay_is_found_the_sooner_the_shorter_it_was_away(back_at: float) -> None:
    random.seed(1)
    for _ in range(50):
        found, looked = look(back_at)
        assert found
        assert looked[-1] - back_at <= max(0.15, back_at * 3 / 16)


def test_a_relay_that_stays_away_is_looked_for_for_half_a_minute() -> None:
    random.seed(1)
    found, looked = look(math.inf)
    assert not found
    assert 20 < len(looked) < 60
    assert 25 < looked[-1] < 30


def test_a_relay_that_is_there_or_was_away_for_long_is_left_alone() -> None:
    found, looked = look(0)
    assert not found
    assert len(looked) == 2
    assert look(math.inf, -30.0) == (False, [])


def test_a_look_without_an_answer_is_the_last() -> None:
    looks = 0

    async def no_answer() -> None:
        nonlocal looks
        looks += 1

    assert asyncio.run(restarted(0.0, no_answer, lambda: 0.0)) is False
    assert looks == 1


def test_only_a_port_where_nobody_listens_refuses() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    relay = read_relay_address(f"https://relay.glosson.localhost:{port}")
    api = Api(relay, ssl.create_default_context())
    assert asyncio.run(refuses(api)) is False
    listener.close()
    assert asyncio.run(refuses(api)) is True


def test_the_first_pauses_are_short_where_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(random, "uniform", lambda _least, most: most)
    backoff = Backoff(1.0, 30.0, (4, 4.0))
    assert [backoff.next() for _ in range(6)] == [1, 2, 4, 4, 16, 30]
    plain = Backoff(1.0, 30.0)
    assert [plain.next() for _ in range(6)] == [1, 2, 4, 8, 16, 30]
