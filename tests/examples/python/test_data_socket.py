"""A data connection over a WebSocket, to a server of the test: what no relay does."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest
import websockets

from glosson.connection import dial
from glosson.messages import DATA_SUBPROTOCOL
from glosson.relay_address import RelayAddress
from glosson.web_socket import MAX_MESSAGE_BYTES, open_data_socket


def test_a_message_is_kept_whole_only_up_to_some_size(identity: Path) -> None:
    async def send(web_socket: Any) -> None:
        await web_socket.send(bytes(MAX_MESSAGE_BYTES))
        await web_socket.send(bytes(MAX_MESSAGE_BYTES + 1))
        await web_socket.wait_closed()

    async def main() -> None:
        own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        own.load_cert_chain(identity)
        any_one = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        any_one.check_hostname, any_one.verify_mode = False, ssl.CERT_NONE
        options: dict[str, Any] = {"ssl": own, "subprotocols": [DATA_SUBPROTOCOL]}
        async with websockets.serve(send, "127.0.0.1", 0, **options) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            relay = RelayAddress("127.0.0.1", port)
            stream = await open_data_socket(await dial("127.0.0.1", port), relay, any_one)
            got = 0
            while got < MAX_MESSAGE_BYTES:
                got += len(await stream.read())
            with pytest.raises(ConnectionResetError, match="closed the WebSocket"):
                await stream.read()
            stream.close()

    asyncio.run(main())
