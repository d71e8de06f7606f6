"""TLS on a connection, either end of it, with a half-close that is one.

asyncio's own TLS ends both directions when the other side ends one. Here a visitor who has sent a
request may end their side, by TLS's close_notify or by TCP's FIN, and still gets the whole answer.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Callable, TypeVar

from .connection import PIECE, Stream

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
        self._left = b""  # decrypted before it was asked for
        self._ended = False
        self._sending = asyncio.Lock()

    def feed(self, data: bytes) -> None:
        """Take bytes that were read from the raw stream before."""
        self._incoming.write(data)

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
            while 0 < len(data) < most:
                more = self._now(self._tls.read, most - len(data))
                if not more:
                    break
                data += more
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
        # What was received has to be read before: OpenSSL takes data after its own goodbye for
        # a fault, and would read no more.
        while len(self._left) < PIECE:
            data = self._now(self._tls.read, PIECE)
            if not data:
                break
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
            data = await self.raw.read(PIECE)
            if not data:
                # Not told to OpenSSL: it would then refuse to write too.
                raise EOFError("the connection ended within TLS")
            self._incoming.write(data)

    def _now(self, operation: Callable[..., bytes], *args: object) -> bytes:
        """Read what can be read without waiting."""
        try:
            return operation(*args)
        except ssl.SSLError:
            return b""

    async def _flush(self) -> None:
        if self._outgoing.pending:
            # Reading may have to send as well, such as an answer to a change of keys.
            async with self._sending:
                await self.raw.write(self._outgoing.read())
