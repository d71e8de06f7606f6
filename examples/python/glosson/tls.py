"""TLS on a connection, either end of it, with a half-close that is one.

asyncio's own TLS ends both directions when the other side ends one. Here a visitor who has sent a
request may end their side, by TLS's close_notify or by TCP's FIN, and still gets the whole answer.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Callable, TypeVar

from .connection import PIECE, Stream

RECORD_HEAD = 5  # bytes; the last two tell how many follow
# Taken by one connection before others have their turn: each takes OpenSSL some work, as small as
# it may be, and a change of keys twenty times that.
RECORDS_IN_A_ROW = 32

T = TypeVar("T")


class TlsStream:
    """The decrypted bytes of a stream."""

    def __init__(
        self, raw: Stream, context: ssl.SSLContext, server_name: str | None = None
    ) -> None:
        """Be the server, or with a server's name the client that verifies it."""
        self.raw = raw
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming,
            self._outgoing,
            server_side=server_name is None,
            server_hostname=server_name,
        )
        self._received = bytearray()  # and not given to OpenSSL yet
        self._missing = 0  # bytes of the record that it was given some of
        self._in_a_row = 0
        self._left = b""  # decrypted before it was asked for
        self._ended = False
        self._sending = asyncio.Lock()

    def feed(self, data: bytes) -> None:
        """Take bytes that were read from the raw stream before."""
        self._received += data

    async def handshake(self) -> None:
        """Shake hands; a failure sends its alert and raises OSError."""
        try:
            await self._drive(self._tls.do_handshake)
        except EOFError as error:  # else a side that was never there passes for one that left
            raise ConnectionResetError(str(error)) from None

    @property
    def protocol(self) -> str | None:
        """What was agreed on by ALPN."""
        return self._tls.selected_alpn_protocol()

    async def read(self, most: int = PIECE) -> bytes:
        """Return what is there; nothing after close_notify or the end of the raw stream."""
        if self._left:
            data, self._left = self._left[:most], self._left[most:]
            return data
        if self._ended:
            return b""
        try:
            data = await self._drive(self._tls.read, most)
            while len(data) < most and self._in_a_row < RECORDS_IN_A_ROW and self._give():
                data += self._now(most - len(data))
        except (EOFError, ssl.SSLZeroReturnError):
            data = b""
        self._ended = not data
        return data

    async def write(self, data: bytes) -> None:
        """Encrypt and send all of it."""
        whole = memoryview(data)
        for start in range(0, len(data), PIECE):
            self._tls.write(whole[start : start + PIECE])
            await self._flush()

    async def end(self) -> None:
        """Send close_notify, and the end of the raw stream."""
        # What OpenSSL was given has to be read before: it takes data after its own goodbye for a
        # fault, and would read no more.
        while len(self._left) < PIECE and (data := self._now(PIECE)):
            self._left += data
        try:
            self._tls.unwrap()
        except (ssl.SSLError, OSError, ValueError):
            pass  # it waits for the other side's goodbye, which may never come
        await self._flush()
        await self.raw.end()

    def close(self) -> None:
        """Close the raw stream."""
        self.raw.close()

    async def _drive(self, operation: Callable[..., T], *args: object) -> T:
        """Repeat an operation of OpenSSL until it has got the bytes that it needs."""
        while True:
            try:
                result = operation(*args)
            except ssl.SSLWantReadError:
                await self._flush()
            except ssl.SSLError:
                await self._flush()  # the alert
                raise
            else:
                await self._flush()
                return result
            await self._receive()

    async def _receive(self) -> None:
        """Give OpenSSL some more of what the other side says."""
        if self._in_a_row >= RECORDS_IN_A_ROW:
            self._in_a_row = 0
            await asyncio.sleep(0)
        while not self._give():
            data = await self.raw.read(PIECE)
            if not data:
                # Not told to OpenSSL: it would then refuse to write too.
                raise EOFError("the connection ended within TLS")
            self._received += data

    def _give(self) -> bool:
        """Give OpenSSL what was received of one record; False: nothing was."""
        if not self._missing:
            if len(self._received) < RECORD_HEAD:
                return False
            self._missing = RECORD_HEAD + int.from_bytes(self._received[3:RECORD_HEAD], "big")
            self._in_a_row += 1
        part = self._received[: self._missing]
        del self._received[: len(part)]
        self._missing -= len(part)
        self._incoming.write(part)
        return bool(part)

    def _now(self, most: int) -> bytes:
        """Read what can be read without waiting."""
        try:
            return self._tls.read(most)
        except ssl.SSLError:
            return b""

    async def _flush(self) -> None:
        if self._outgoing.pending:
            # Reading may have to send as well, such as an answer to a change of keys.
            async with self._sending:
                await self.raw.write(self._outgoing.read())
