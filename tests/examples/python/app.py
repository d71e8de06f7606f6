"""A web app that answers as it is told, byte by byte, and notes what it was sent."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Callable
from types import TracebackType

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Call:
    """One connection to the app."""

    def __init__(self, conn: socket.socket) -> None:
        self.conn = conn
        self.head = b""
        self.body = b""

    def read_head(self) -> None:
        while b"\r\n\r\n" not in self.head:
            data = self.conn.recv(65536)
            if not data:
                return
            self.head += data
        self.head, _, self.body = self.head.partition(b"\r\n\r\n")

    def read_body(self, length: int) -> bytes:
        while len(self.body) < length:
            data = self.conn.recv(65536)
            assert data, "the body broke off"
            self.body += data
        return self.body

    def read_until(self, end: bytes) -> bytes:
        while end not in self.body:
            data = self.conn.recv(65536)
            assert data, "the body broke off"
            self.body += data
        return self.body

    def field(self, name: str) -> str | None:
        """The value of a field of the request; None when it is not there once."""
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        found = [line.partition(": ")[2] for line in lines if line.lower().startswith(f"{name}: ")]
        assert len(found) < 2, lines
        return found[0] if found else None


class App:
    """Listens on a port of 127.0.0.1; each connection is handled by the next of its scripts."""

    def __enter__(self) -> App:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._scripts: queue.SimpleQueue[Callable[[Call], object]] = queue.SimpleQueue()
        self.calls: queue.Queue[Call] = queue.Queue()
        self.failures: list[BaseException] = []
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, t: TracebackType | None
    ) -> None:
        self._listener.close()
        assert not self.failures

    def next(self, script: bytes | Callable[[Call], object]) -> None:
        """Answer the next request with these bytes, or by a function that does it."""
        if isinstance(script, bytes):
            answer = script
            self._scripts.put(lambda call: call.conn.sendall(answer))
        else:
            self._scripts.put(script)

    def called(self) -> Call:
        """The next connection, once its script is through."""
        return self.calls.get(timeout=30)

    def _accept(self) -> None:
        while True:
            try:
                conn, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._handle, args=(conn,), daemon=True).start()

    def _handle(self, conn: socket.socket) -> None:
        call = Call(conn)
        try:
            with conn:
                call.read_head()
                self._scripts.get(timeout=30)(call)
        except BaseException as error:
            self.failures.append(error)
            raise
        finally:
            self.calls.put(call)
