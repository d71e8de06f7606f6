"""Setting up as a person does it, at a terminal; and what a folder shows."""

from __future__ import annotations

import os
import pty
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from client import SOURCE, Client, Relay, eventually


class Terminal:
    """A command at a terminal: what it shows, and what is typed."""

    def __init__(self, command: list[str]) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            command, cwd=SOURCE, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        self.shown = ""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            while data := os.read(self._ours, 65536):
                self.shown += data.decode()
        except OSError:
            pass  # it ended

    def wait_for(self, text: str) -> None:
        eventually(lambda: text in self.shown, f"no {text!r} in {self.shown!r}")

    def type(self, line: str) -> None:
        os.write(self._ours, f"{line}\n".encode())


def test_setup_asks_for_what_is_missing(relay: Relay, tmp_path: Path) -> None:
    client = Client(relay, "asked", tmp_path)
    terminal = Terminal(client.command("setup", "--ca", relay.ca))
    terminal.wait_for("Your name")
    terminal.type(client.name)
    terminal.wait_for("Address of the relay [https://")
    # The domain that names are below; the relay is found by it.
    terminal.type(f"https://{relay.base}:{relay.hub}")
    terminal.wait_for("press Enter")
    code = re.search(r"glosson-\w+", terminal.shown)
    assert code is not None
    Path(relay.bios, f"{client.name}.txt").write_text(f"me: {code[0]} ok")
    terminal.type("")  # and it is looked for at once, not in 15 s
    terminal.wait_for("All set.")
    terminal.wait_for(f"your page is at https://{client.name}.{relay.base}:{relay.hub}\r\n")
    assert terminal.process.wait(30) == 0
    client.run()
    assert client.get()[0] == 200
    assert client.stop() == 0

    again = Terminal(client.command("setup", "--ca", relay.ca))
    again.wait_for(f"[{client.name}]")
    again.type("")
    again.wait_for("Address of the relay [https://relay.")
    again.type("")
    again.wait_for("Go ahead? [y/N]")
    again.type("n")
    assert again.process.wait(30) == 1
    again.wait_for("Nothing was changed")


def test_setup_without_a_terminal_says_what_is_missing(relay: Relay, tmp_path: Path) -> None:
    client = Client(relay, "nobody", tmp_path)
    done = client.call("setup")
    assert done.returncode == 1 and "needs the NAME" in done.stderr
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    done = client.call("setup", "kaylee", "--relay", f"https://localhost:{port}")
    assert done.returncode == 6 and "nothing listens there" in done.stderr
    done = client.call("setup", "kaylee", "--relay", f"https://localhost:{relay.control}")
    assert done.returncode == 6 and "--ca FILE" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_interrupted_setup_goes_on_with_its_code(relay: Relay, tmp_path: Path) -> None:
    client = Client(relay, "again", tmp_path)
    where = ("--relay", f"https://localhost:{relay.control}", "--ca", relay.ca)
    first = Terminal(client.command("setup", client.name, *where))
    first.wait_for("Waiting")
    first.process.send_signal(signal.SIGINT)
    assert first.process.wait(30) == 130
    assert "Traceback" not in first.shown
    second = Terminal(client.command("setup", client.name, *where))
    second.wait_for("Going on with the code of the last time.")
    second.wait_for("Waiting")
    codes = {found[0] for t in (first, second) if (found := re.search(r"glosson-\w+", t.shown))}
    assert len(codes) == 1
    second.process.kill()
    second.process.wait()


def test_a_second_interrupt_ends_at_once(start: Callable[..., Client]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as app:
        client = start("leaving", "--upstream", str(app.getsockname()[1]))
        visitor = client.visit()
        visitor.send(f"GET / HTTP/1.1\r\nHost: {client.hostname}\r\n\r\n")
        with app.accept()[0]:  # and never an answer
            client.process.send_signal(signal.SIGINT)
            client.logged("Leaving")
            client.process.send_signal(signal.SIGINT)
            assert client.process.wait(2) == 130


def test_the_end_of_the_terminal_ends_it_but_not_under_nohup(
    start: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = start("terminal")
    client.process.send_signal(signal.SIGHUP)
    assert client.process.wait(10) == 0
    # Inherited by what is started, as from nohup(1).
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        client.run()
    finally:
        signal.signal(signal.SIGHUP, before)
    client.process.send_signal(signal.SIGHUP)
    assert client.get()[0] == 200
    assert client.stop() == 0


@pytest.fixture(scope="module")
def shown(start: Callable[..., Client], tmp_path_factory: pytest.TempPathFactory) -> Client:
    folder = tmp_path_factory.mktemp("shown")
    (folder / "index.html").write_text("<h1>home</h1>")
    (folder / "sub").mkdir()
    (folder / "sub" / "a b.txt").write_text("0123456789")
    (folder / ".well-known").mkdir()
    (folder / ".well-known" / "webfinger").write_text("{}")
    (folder / ".secret").write_text("secret")
    (folder / "out").symlink_to("/etc")
    (folder / "e\u0301.txt").write_text("accent")
    (folder / "empty.css").touch()
    (folder / "old.html").write_bytes(b'<meta charset="windows-1252">caf\xe9')
    (folder / "late.html").write_bytes(b" " * 1024 + b'<meta charset="koi8-r">')
    return start("folder", "--dir", str(folder))


def test_a_folder_is_shown(shown: Client) -> None:
    for target, status, text in (
        ("/", 200, "<h1>home</h1>"),
        ("/index.html?x", 200, "<h1>home</h1>"),
        ("/sub/a%20b.txt", 200, "0123456789"),
        ("//sub//a%20b.txt", 200, "0123456789"),
        ("//.secret", 404, "nothing"),
        ("/%C3%A9.txt", 200, "accent"),
        ("/.well-known/webfinger", 200, "{}"),
        ("/sub/", 404, "no page"),
        ("/index.html/", 404, "nothing"),
        ("/sub", 308, "folder"),
        ("/.secret", 404, "nothing"),
        ("/out/passwd", 404, "nothing"),
        ("/../../etc/passwd", 404, "nothing"),
        ("/%2e%2e/x", 404, "nothing"),
    ):
        found, head, body = shown.get(target)
        assert (found, text in body.decode()) == (status, True), (target, head, body)
        assert head.count("\r\nDate: ") == 1, head
    assert "Location: ./sub/?x\r\n" in shown.get("/sub?x")[1]


def test_a_part_of_a_file_and_one_that_is_known(shown: Client) -> None:
    def ask(
        field: str, method: str = "GET", target: str = "/sub/a%20b.txt"
    ) -> tuple[int, str, bytes]:
        visitor = shown.visit()
        host = f"Host: {shown.hostname}\r\nConnection: close\r\n"
        visitor.send(f"{method} {target} HTTP/1.1\r\n{host}{field}\r\n\r\n")
        answer = visitor.answer()
        assert answer[1].count("\r\nDate: ") == 1, answer
        return answer

    status, head, body = ask("Range: bytes=2-4")
    assert (status, body) == (206, b"234") and "Content-Range: bytes 2-4/10" in head
    etag = re.search(r"ETag: (\S+)", head)
    assert etag is not None
    assert ask(f"If-None-Match: {etag[1]}")[0] == 304
    assert ask("Range: bytes=10-")[0] == 416
    status, head, body = ask("X: y", "HEAD")
    assert (status, body) == (200, b"") and "Content-Length: 10" in head
    assert ask("X: y", "POST")[0] == 405
    status, head, body = ask("Range: bytes=0-1023", target="/empty.css")
    assert (status, body) == (200, b"") and "Content-Length: 0" in head
    assert ask("Host: other")[0] == 400


def test_a_document_that_says_its_encoding_is_sent_whole_and_without_another(shown: Client) -> None:
    head, body = shown.get("/old.html")[1:]
    assert "Content-Type: text/html\r\n" in head
    assert body == b'<meta charset="windows-1252">caf\xe9'
    # Browsers look no further than this either.
    assert "Content-Type: text/html; charset=utf-8\r\n" in shown.get("/late.html")[1]


def test_its_own_secrets_are_not_for_showing(shown: Client) -> None:
    shown.stop()
    done = subprocess.run(
        [sys.executable, *shown.command("run", "--dir", str(shown.state))[1:]],
        cwd=SOURCE,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and "are kept there" in done.stderr


def test_an_app_behind_a_unix_socket(start: Callable[..., Client], tmp_path: Path) -> None:
    path = tmp_path / "app"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        client = start("unix", "--upstream", f"unix:{path}")

        def serve() -> None:
            conn, _ = listener.accept()
            conn.recv(65536)
            conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nunix")
            conn.close()

        thread = threading.Thread(target=serve)
        thread.start()
        assert client.get()[2] == b"unix"
        thread.join()
