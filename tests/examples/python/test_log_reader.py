"""A reader of the log that stands still: a held terminal, a pipe to a program that hangs."""

from __future__ import annotations

import errno
import logging
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from client import PATIENCE_S, SOURCE, Client, Relay, eventually
from glosson import line_writer
from glosson.line_handler import LineHandler
from glosson.line_writer import LineWriter
from glosson.unseen import LineFormatter


@pytest.fixture
def held() -> Iterator[tuple[int, int]]:
    """Both ends of a pipe that takes no more bytes."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    for size in (4096, 1):
        try:
            while True:
                os.write(writing, b"\0" * size)
        except BlockingIOError:
            pass
    os.set_blocking(writing, True)
    yield reading, writing
    os.close(reading)


def start_held(client: Client, held: int) -> None:
    client.process = subprocess.Popen(client.command("run", "-v"), cwd=SOURCE, stderr=held)


def is_served(client: Client) -> bool:
    return client.get()[0] == 200


def test_nothing_waits_for_it_and_no_line_is_lost(
    relay: Relay, tmp_path: Path, held: tuple[int, int]
) -> None:
    reading, writing = held
    client = Client(relay, "held", tmp_path)
    client.setup()
    try:
        start_held(client, writing)
        eventually(lambda: is_served(client), "nobody is served")
        assert client.get("/one")[0] == 404
        assert client.stop() == 0

        start_held(client, writing)
        os.close(writing)
        eventually(lambda: is_served(client), "nobody is served")
        assert client.get("/two")[0] == 404
        pieces: list[bytes] = []
        reader = threading.Thread(target=read_all, args=(reading, pieces))
        reader.start()
        assert client.stop() == 0
        reader.join(PATIENCE_S)
        told = b"".join(pieces).decode()
        assert "Online: " in told and "GET '/two': 404" in told
    finally:
        client.process.kill()


def read_all(descriptor: int, pieces: list[bytes]) -> None:
    while data := os.read(descriptor, 65536):
        pieces.append(data)


def test_nor_does_the_end(tmp_path: Path, held: tuple[int, int]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "glosson", "run", "--state", str(tmp_path)],
        cwd=SOURCE,
        stderr=held[1],
        timeout=PATIENCE_S,
    )
    os.close(held[1])
    assert done.returncode == 2


class Reader:
    """Takes bytes when it is told to."""

    def __init__(self) -> None:
        self.text = b""
        self._takes: queue.Queue[int | OSError | None] = queue.Queue()
        self.writer = LineWriter(self._write)

    def take(self, *sizes: int | OSError | None) -> None:
        """Take at most so many bytes of each piece."""
        for size in sizes:
            self._takes.put(size)

    def _write(self, data: bytes) -> int | None:
        size = self._takes.get()
        if isinstance(size, OSError):
            raise size
        self.text += data[:size] if size is not None else b""
        return min(size, len(data)) if size is not None else None


def test_lines_stay_in_order_whatever_is_taken_of_them() -> None:
    reader = Reader()
    reader.take(1, None, 1, OSError(errno.ENOSPC, "full"), 3, 9, 9)
    assert all(map(reader.writer.write, [b"one\n", b"two\n", b"three\n"]))
    reader.writer.flush()
    assert reader.writer.take_lost() == 1
    assert reader.text == b"on" + b"\ntwo\n" + b"three\n"


def log_to(reader: Reader) -> tuple[LineHandler, logging.Logger]:
    handler = LineHandler(reader.writer)
    handler.setFormatter(LineFormatter("%(message)s"))
    tell = logging.Logger("of a test")
    tell.addHandler(handler)
    return handler, tell


def test_what_cannot_be_written_is_counted() -> None:
    reader = Reader()
    handler, tell = log_to(reader)
    full = OSError(errno.ENOSPC, "full")
    for at in range(3):  # the second and third with a line that tells of those before
        tell.info("lost %d", at)
        reader.take(*[full] * (2 if at else 1))
        handler.flush()
    tell.info("last")
    reader.take(99, 99)
    handler.flush()
    assert reader.text == b"Log lines are missing, which could not be written: 3\nlast\n"


def test_what_is_too_much_is_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_writer, "MAX_WAITING_BYTES", 110)
    reader = Reader()
    handler, tell = log_to(reader)
    for at in range(50):
        tell.info("of %s %d", "many", at)
    reader.take(*[99] * 10)
    handler.flush()
    tell.info("last")
    reader.take(99, 99)
    handler.flush()
    kept = "".join(f"of many {at}\n" for at in range(10))
    told = "Log lines are missing, which could not be written: 40\n"
    assert reader.text.decode() == f"{kept}{told}last\n"


def test_a_line_waits_for_a_thread_that_cannot_begin_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []
    writer = LineWriter(lambda data: written.append(data) or len(data))

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        assert writer.write(b"one\n")
    assert writer.write(b"two\n")
    writer.flush()
    assert written == [b"one\n", b"two\n"]
