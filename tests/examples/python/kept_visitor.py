"""A visitor of a front who keeps the connection, with what the client has for apps at https://."""

from __future__ import annotations

import socket
import ssl

from glosson.body import BodyReader, answer_framing
from glosson.connection import Connection
from glosson.http1 import Answer, read_answer, values
from glosson.reader import Reader
from glosson.tls import TlsStream


class KeptVisitor:
    """Asks one thing after another."""

    def __init__(self, sock: socket.socket, name: str) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.name = name
        self.tls = TlsStream(Connection(sock), context, name)
        self.reader = Reader(self.tls)

    async def shake_hands(self) -> KeptVisitor:
        await self.tls.handshake()
        return self

    async def send(self, request: str) -> None:
        await self.tls.write(request.encode())

    async def get(self, path: str) -> tuple[Answer, bytes]:
        await self.send(f"GET {path} HTTP/1.1\r\nHost: {self.name}\r\n\r\n")
        return await self.answer()

    async def answer(self, method: bytes = b"GET") -> tuple[Answer, bytes]:
        answer = await read_answer(self.reader)
        body = BodyReader(self.reader, answer_framing(answer, method))
        whole = b""
        while data := await body.read():
            whole += data
        return answer, whole

    async def is_told_to_close(self, path: str = "/") -> bool:
        answer, _ = await self.get(path)
        return values(answer.fields, b"connection") == [b"close"]

    async def ended(self) -> None:
        """Wait for the end, and close."""
        assert not await self.reader.more()
        self.close()

    def close(self) -> None:
        self.tls.close()
