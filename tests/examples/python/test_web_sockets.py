"""WebSockets through the client to an app made with the package `websockets`."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator

import pytest
import websockets

from client import Client

MESSAGE = "0123456789abcdef" * 65_536  # 1 MiB


class Echo:
    """An app that says everything back, and refuses whoever asks for /closed."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(30)

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()

        async def echo(socket, *_) -> None:  # type: ignore[no-untyped-def]
            async for message in socket:
                if message == "close":
                    await socket.close(4321, "as you wish")
                    return
                await socket.send(message)

        async with websockets.serve(
            echo, "127.0.0.1", 0, subprotocols=["echo.v1"], max_size=None
        ) as server:
            self.port = next(iter(server.sockets)).getsockname()[1]
            self._ready.set()
            await self._over.wait()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(30)


@pytest.fixture(scope="module")
def echo(start) -> Iterator[Client]:  # type: ignore[no-untyped-def]
    app = Echo()
    client = start("sockets", "--upstream", f"127.0.0.1:{app.port}")
    yield client
    client.stop()
    app.stop()


def through(client: Client):  # type: ignore[no-untyped-def]
    return websockets.connect(
        f"wss://{client.hostname}/",
        host="127.0.0.1",
        port=client.relay.hub,
        ssl=ssl.create_default_context(cafile=client.relay.ca),
        server_hostname=client.hostname,
        max_size=None,
        subprotocols=["echo.v1"],
    )


def test_messages_come_back_as_they_were(echo: Client) -> None:
    async def talk() -> None:
        async with through(echo) as socket:
            assert socket.subprotocol == "echo.v1"
            for message in ("hello", b"\x00\xff" * 1000, "", MESSAGE, "ä€"):
                await socket.send(message)
                assert await socket.recv() == message
            assert await (await socket.ping()) is not False

    asyncio.run(talk())


def test_a_close_code_reaches_the_visitor(echo: Client) -> None:
    async def talk() -> None:
        async with through(echo) as socket:
            await socket.send("close")
            with pytest.raises(websockets.ConnectionClosed):
                await socket.recv()
            assert (socket.close_code, socket.close_reason) == (4321, "as you wish")

    asyncio.run(talk())


def test_many_messages_each_way_at_once(echo: Client) -> None:
    async def talk() -> None:
        async with through(echo) as socket:

            async def send() -> None:
                for _ in range(40):
                    await socket.send(MESSAGE)

            sending = asyncio.ensure_future(send())
            for _ in range(40):
                assert await socket.recv() == MESSAGE
            await sending

    asyncio.run(talk())


def test_the_answer_to_a_visitor_who_wants_none_is_the_apps(echo: Client) -> None:
    status, _, body = echo.get()
    assert status == 426 and b"WebSocket" in body
