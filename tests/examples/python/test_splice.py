"""What is passed between two connections of which one is gone."""

from __future__ import annotations

import asyncio
import socket
import struct

import pytest

from glosson.connection import Connection
from glosson.reader import Reader
from glosson.splice import splice

ANSWER = b"\7" * (512 * 1024)  # more than the kernel of a visitor who does not read takes in
RESET = struct.pack("ii", 1, 0)  # on closing


@pytest.mark.parametrize("how", ["closes", "resets"])
def test_who_sends_on_takes_all_that_was_said_before_the_app_was_gone(how: str) -> None:
    asyncio.run(asyncio.wait_for(gone(how), 20))


async def gone(how: str) -> None:
    loop = asyncio.get_running_loop()
    (visitor, front), (app, behind) = pair(), pair()
    a, b = Connection(front), Counted(behind)
    passing = asyncio.ensure_future(splice(Reader(a), a, Reader(b), b))
    await loop.sock_sendall(app, ANSWER)
    while b.count < len(ANSWER):
        await asyncio.sleep(0.002)
    if how == "resets":
        app.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    app.close()
    for _ in range(10):  # the first ones find out that it is gone
        await loop.sock_sendall(visitor, bytes(16 * 1024))
        await asyncio.sleep(0.01)
    passing.add_done_callback(lambda _: a.close())
    got = b""
    while data := await loop.sock_recv(visitor, 64 * 1024):
        got += data
    assert got == ANSWER
    visitor.close()
    with pytest.raises(OSError):
        await passing
    b.close()


class Counted(Connection):
    """Counts what is read."""

    count = 0

    async def read(self, most: int = 64 * 1024) -> bytes:
        data = await super().read(most)
        self.count += len(data)
        return data


def pair() -> tuple[socket.socket, socket.socket]:
    """A connection over TCP, both ends of it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        one = socket.create_connection(listener.getsockname())
        other, _ = listener.accept()
    one.setblocking(False)
    return one, other
