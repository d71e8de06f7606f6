"""Large bodies pass at steady memory, and reach the other end as they were."""

from __future__ import annotations

import hashlib
import threading

from app import App, Call
from client import Client

SIZE = 64 * 1024 * 1024
PIECE = bytes(range(256)) * 256  # 64 KiB
MOST_KIB = 16 * 1024  # more than before, at any moment


class Watch:
    """The most memory that a client had while something went on."""

    def __init__(self, client: Client) -> None:
        self._client, self._over = client, threading.Event()

    def __enter__(self) -> Watch:
        self.before = self.most = self._client.rss_kib()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def _look(self) -> None:
        while not self._over.wait(0.02):
            self.most = max(self.most, self._client.rss_kib())

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def expected() -> str:
    digest = hashlib.sha256()
    for _ in range(SIZE // len(PIECE)):
        digest.update(PIECE)
    return digest.hexdigest()


def test_an_upload_of_64_mib(page: Client, app: App) -> None:
    def take(call: Call) -> None:
        digest, left = hashlib.sha256(call.body), SIZE - len(call.body)
        while left > 0:
            data = call.conn.recv(65536)
            assert data
            digest.update(data)
            left -= len(data)
        answer = digest.hexdigest().encode()
        call.conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)

    app.next(take)
    visitor = page.visit()
    head = f"PUT / HTTP/1.1\r\nHost: {page.hostname}\r\nConnection: close\r\n"
    with Watch(page) as memory:
        visitor.send(f"{head}Content-Length: {SIZE}\r\n\r\n")
        for _ in range(SIZE // len(PIECE)):
            visitor.send(PIECE)
        assert visitor.answer()[2].decode() == expected()
    assert memory.most - memory.before < MOST_KIB
    app.called()


def test_a_download_of_64_mib_by_a_slow_reader(page: Client, app: App) -> None:
    def give(call: Call) -> None:
        call.conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
        for _ in range(SIZE // len(PIECE)):
            call.conn.sendall(PIECE)

    app.next(give)
    visitor = page.visit()
    with Watch(page) as memory:
        visitor.send(f"GET / HTTP/1.1\r\nHost: {page.hostname}\r\nConnection: close\r\n\r\n")
        rest = visitor.until(b"\r\n\r\n").partition(b"\r\n\r\n")[2]
        # Nothing is read until the app cannot send any more: what is between is full.
        threading.Event().wait(0.5)
        digest, length = hashlib.sha256(rest), len(rest)
        while data := visitor.receive():
            digest.update(data)
            length += len(data)
    assert (length, digest.hexdigest()) == (SIZE, expected())
    assert memory.most - memory.before < MOST_KIB
    app.called()
