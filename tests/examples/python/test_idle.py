"""Visitors who say nothing do not keep the others out."""

from __future__ import annotations

from collections.abc import Callable

from client import Client, Visitor, eventually

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
