"""What visitors send and are shown; needs neither relay nor network."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from client import SOURCE
from glosson.app_failed import app_fault
from glosson.client_hello import Opening, read_opening
from glosson.conditional import Version, is_not_modified, is_refused, version_of, wanted_range
from glosson.content_type import content_type
from glosson.fields import to_app
from glosson.file_path import Folder, read_file_path
from glosson.limit import Limit, TooSlow
from glosson.upstream import read_upstream
from test_hellos import hello


def test_what_hellos_ask_for() -> None:
    whole = hello("A.example", ["h2", "http/1.1"])
    opening = Opening("a.example", (b"h2", b"http/1.1"))
    assert read_opening(whole) == opening
    assert read_opening(hello("a.example")) == Opening("a.example")
    assert all(read_opening(whole[:at]) is None for at in range(len(whole)))
    body = whole[5:]
    cut = b"".join(b"\x16\x03\x01\x00\x01" + body[at : at + 1] for at in range(len(body)))
    assert read_opening(cut) == opening
    for broken in (b"GET /", b"\x80\x2e\x01", b"\x16\x03\x01\x00\x00", b"\x15\x03\x01\x00\x02\x02"):
        assert read_opening(broken) == Opening()


def test_names_of_files() -> None:
    def names(target: bytes, windows: bool = False) -> object:
        found = read_file_path(target, windows)
        return found and (*found.names, *([""] if found.is_folder else []))

    assert names(b"/") == ("",) and names(b"/a/b.html?c") == ("a", "b.html")
    assert names(b"/%C3%A4%20b/") == ("ä b", "")
    assert names(b"/.well-known/x") == (".well-known", "x")
    for target, found in ((b"//a", ("a",)), (b"/a//b", ("a", "b")), (b"/a//", ("a", ""))):
        assert names(target) == found
    assert names(b"//.well-known//x") == (".well-known", "x")
    for target, found in (
        *((b"/a/../b", ("b",)), (b"/a/%2e%2E/b", ("b",)), (b"/./a/./b", ("a", "b"))),
        *((b"/a/..", ("",)), (b"/a/b/.", ("a", "b", "")), (b"/a//../b", ("a", "b"))),
        *((b"/../x", ("x",)), (b"/a/../../x", ("x",)), (b"//..//x", ("x",)), (b"/x?/../", ("x",))),
    ):
        assert names(target) == found, target
    assert names(b"/a:b") == ("a:b",) and names(b"/a:b", windows=True) is None
    assert names(b"/con.txt") == ("con.txt",) and names(b"/con.txt", windows=True) is None
    for target in (
        *(b"/a%2fb", b"/..%2fx", b"/a/..%2fx", b"/.ssh/id", b"/a/.b", b"/.well-known/../.env"),
        *(b"/%00", b"/%ff", b"//.env", b"/...", b"*", b"/a/.well-known/x", b"/" + b"a" * 5000),
    ):
        assert names(target) is None, target


def test_a_name_longer_than_any_is_not_there_in_any_form(tmp_path: Path) -> None:
    folder = Folder(tmp_path, tmp_path / "state")
    for name in ("x" * 300, "\u00e4" * 200):
        assert folder.find((name,)) is None


def test_a_link_to_a_folder_may_be_pointed_elsewhere(tmp_path: Path) -> None:
    for name in ("first", "second", "state"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.html").write_text(name)
    current = tmp_path / "current"
    current.symlink_to("first")
    folder = Folder(current, tmp_path / "state")
    assert folder.find(("index.html",)) == tmp_path / "first" / "index.html"
    faults = {"second": None, "state": ValueError, "gone": OSError, "first": None}
    for name, fault in faults.items():
        current.unlink()
        # By who removes the link and makes another, and asked between the two.
        assert folder.find(("index.html",)) == folder.path / "index.html"
        current.symlink_to(name)
        if fault is None:
            assert folder.find(("index.html",)) == tmp_path / name / "index.html"
        else:
            with pytest.raises(fault):
                folder.find(("index.html",))


def test_parts_of_files() -> None:
    version = Version(b'"e"', 1_000_000_000, 100)

    def wanted(*fields: tuple[bytes, bytes]) -> object:
        found = wanted_range(list(fields), version)
        return found and (found.start, found.stop)

    assert wanted() is None
    assert wanted((b"Range", b"bytes=10-19")) == (10, 20)
    assert wanted((b"Range", b"bytes=90-")) == (90, 100)
    assert wanted((b"Range", b"bytes=-5")) == (95, 100)
    assert wanted((b"Range", b"bytes=0-999")) == (0, 100)
    assert wanted_range([(b"Range", b"bytes=100-")], version) == range(100, 100)
    for some in (b"bytes=0-", b"bytes=0-1023", b"bytes=-5"):
        assert wanted_range([(b"Range", some)], Version(b'"e"', 1_000_000_000, 0)) is None
    # More digits than Python reads as a number; players say the largest of 63 and of 64 bits.
    for many in (b"9223372036854775807", b"18446744073709551615", b"9" * 5000):
        assert wanted((b"Range", b"bytes=5-%s" % many)) == (5, 100)
        assert wanted((b"Range", b"bytes=-%s" % many)) == (0, 100)
        assert wanted_range([(b"Range", b"bytes=%s-" % many)], version) == range(0)
    assert wanted((b"Range", b"bytes=%s5-%s9" % (b"0" * 30, b"0" * 30))) == (5, 10)
    for odd in (b"bytes=", b"bytes=9-1", b"bytes=1-2,4-5", b"lines=1-2"):
        assert wanted((b"Range", odd)) is None
    assert wanted((b"Range", b"bytes=0-1"), (b"If-Range", b'"e"')) == (0, 2)
    assert wanted((b"Range", b"bytes=0-1"), (b"If-Range", b'"f"')) is None
    assert wanted((b"Range", b"Bytes= 0-1")) == (0, 2)
    before, at = b"Sun, 09 Sep 2001 01:46:39 GMT", b"Sun, 09 Sep 2001 01:46:40 GMT"
    for condition, refused in (
        ((b"If-Match", b'"x"'), True),
        ((b"If-Match", b'W/"e"'), True),
        ((b"If-Match", b'"x", "e"'), False),
        ((b"If-Match", b"*"), False),
        ((b"If-Unmodified-Since", before), True),
        ((b"If-Unmodified-Since", at), False),
        ((b"If-Unmodified-Since", b"whenever"), False),
    ):
        assert is_refused([condition], version) is refused, condition
    assert is_not_modified([(b"If-None-Match", b'"x", W/"e"')], version)
    assert not is_not_modified([(b"If-None-Match", b'"x"')], version)
    assert is_not_modified([(b"If-Modified-Since", b"Sun, 09 Sep 2001 01:46:40 GMT")], version)
    assert not is_not_modified([(b"If-Modified-Since", b"Sun, 09 Sep 2001 01:46:39 GMT")], version)


def test_a_date_without_a_zone_is_of_the_one_of_http(monkeypatch: pytest.MonkeyPatch) -> None:
    version = Version(b'"e"', 1_000_000_000, 100)
    with monkeypatch.context() as at:
        at.setenv("TZ", "Etc/GMT+5")
        time.tzset()
        assert is_not_modified([(b"If-Modified-Since", b"Sun Sep  9 01:46:40 2001")], version)
        assert not is_not_modified([(b"If-Modified-Since", b"Sun Sep  9 01:46:39 2001")], version)
    time.tzset()


def test_types_of_files() -> None:
    def kind(*names: str, beginning: bytes = b"") -> str:
        return content_type(names, lambda: beginning)

    assert kind("a.html") == "text/html; charset=utf-8"
    assert kind("a.JS") == "text/javascript; charset=utf-8"
    assert kind("app.webmanifest") == "application/manifest+json"
    assert kind(".well-known", "webfinger") == "application/jrd+json"
    assert kind(".well-known", "openpgpkey", "policy") == "text/plain; charset=utf-8"
    assert kind("apple-app-site-association") == "application/json"
    assert kind("a", "apple-app-site-association") == "application/octet-stream"
    assert kind("html") == kind("a.unheard") == "application/octet-stream"
    # Of no version of Python up to 3.13: browsers would keep them as files, and not show them.
    assert kind("a.xhtml") == "application/xhtml+xml"
    assert kind("a.log") == "text/plain; charset=utf-8"
    assert kind("a.yml") == kind("a.yaml") == "text/yaml; charset=utf-8"
    assert kind("a.ogv") == "video/ogg"
    assert kind("a.apk") == "application/vnd.android.package-archive"


@pytest.mark.parametrize(
    ("name", "beginning", "kind"),
    [
        ("old.html", b'<!doctype html><meta charset="windows-1252">', "text/html"),
        ("older.html", b"<META HTTP-EQUIV=a\nCONTENT='text/html;charset=KOI8-R'>", "text/html"),
        ("new.html", b'<meta charset="UTF-8">', "text/html; charset=utf-8"),
        ("old.css", b'@charset "iso-8859-1"; a { }', "text/css"),
        ("new.css", b"a { }", "text/css; charset=utf-8"),
        ("plain.txt", b"<meta charset=koi8-r>", "text/plain; charset=utf-8"),
    ],
)
def test_no_encoding_is_claimed_for_a_document_that_says_another(
    name: str, beginning: bytes, kind: str
) -> None:
    assert content_type((name,), lambda: beginning) == kind


def test_states_of_a_file_are_told_apart_that_have_one_size_and_one_time(tmp_path: Path) -> None:
    path = tmp_path / "same.css"
    # As of every file in the stores of Nix and OSTree, and as a copy that keeps times has it.
    for seconds, is_known in ((1, False), (1_700_000_000, True)):
        path.write_text("a{}")
        os.utime(path, (seconds, seconds))
        before = path.stat()
        version = version_of(before)
        assert (version.modified == seconds) is is_known
        while path.stat().st_ctime_ns == before.st_ctime_ns:
            path.write_text("b{}")
            os.utime(path, (seconds, seconds))
        again = version_of(path.stat())
        assert (again.size, again.etag == version.etag) == (version.size, False)
        since = [(b"If-Modified-Since", b"Tue, 14 Nov 2023 22:13:20 GMT")]
        assert is_not_modified(since, again) is is_known


def test_a_limit_counts_silence() -> None:
    async def main() -> None:
        with pytest.raises(TooSlow, match="came within"), Limit(0.05, "nothing came"):
            await asyncio.sleep(5)
        with Limit(0.2, "nothing came") as limit:
            for _ in range(6):
                await asyncio.sleep(0.05)
                limit.touch()

    asyncio.run(main())


def test_upstreams() -> None:
    assert str(read_upstream("localhost:8001")) == "localhost:8001"
    assert str(read_upstream("http://[::1]:8001/")) == "[::1]:8001"
    assert str(read_upstream("unix:/run/app.sock")) == "unix:/run/app.sock"
    assert read_upstream("https://localhost", insecure=True).port == 443
    assert str(read_upstream("127.0.0.1:80")) == "127.0.0.1"
    assert str(read_upstream("1.example:8001")) == "1.example:8001"
    assert str(read_upstream("http://[::ffff:1.2.3.4]")) == "[::ffff:1.2.3.4]"
    assert str(read_upstream(" 8001\n")) == "127.0.0.1:8001"
    # A number alone would be taken for an address, and no port for the usual one.
    # So would fewer than four, or such as begin with a zero.
    short = ("127.1:80", "10.1", "http://1.2.3", "127.0.0.0x1", "0127.0.0.1:80", "1.2.3.4.5")
    for none in ("0", "localhost:0", "0x50", "-1", "unix:", "http://a b", "65536", *short):
        with pytest.raises(ValueError, match="--upstream is an address such as"):
            read_upstream(none)


def test_an_app_that_ends_in_the_handshake_is_one_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            conn, _ = listener.accept()
            with conn:
                conn.recv(65536)

        serving = threading.Thread(target=serve)
        serving.start()
        port = listener.getsockname()[1]
        upstream = read_upstream(f"https://localhost:{port}", insecure=True)
        with pytest.raises(OSError, match="ended within TLS"):
            asyncio.run(upstream.connect())
        serving.join()


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (b"HTTP/1.1 400 No\r\n\r\n", "speaks no TLS; is it http:"),
        (bytes([21, 3, 3, 0, 2, 2, 120]), "speaks no HTTP/1.1; --tls-upstream"),
        (bytes([21, 3, 3, 0, 2, 2, 116]), "wants a certificate of whoever asks"),
    ],
)
def test_an_app_that_is_no_tls_server_of_http1_is_told_as_what_it_is(
    answer: bytes, fault: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            conn, _ = listener.accept()
            with conn:
                conn.recv(65536)
                conn.sendall(answer)
                conn.recv(65536)

        serving = threading.Thread(target=serve)
        serving.start()
        upstream = read_upstream(f"https://localhost:{listener.getsockname()[1]}", insecure=True)
        with pytest.raises(OSError) as raised:
            asyncio.run(upstream.connect())
        assert fault in app_fault(raised.value)
        serving.join()


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("Hostname mismatch, certificate is not valid for 'nas'", "is for another name; give"),
        ("certificate has expired", "not valid now; renew it"),
        ("unable to get local issuer certificate", "--upstream-ca FILE"),
        ("self-signed certificate", "--upstream-ca FILE"),
    ],
)
def test_an_app_whose_certificate_is_not_taken_is_told_with_what_mends_it(
    words: str, fault: str
) -> None:
    text = f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {words} (_ssl.c:992)"
    assert fault in app_fault(ssl.SSLCertVerificationError(1, text))


def test_an_if_of_many_tags_that_do_not_end_takes_no_longer() -> None:
    sent = [(b"If", b"<https:" * 20_000)]
    begin = time.monotonic()
    assert read_upstream("8001").app_host.to_app(sent, b"kaylee.example") == sent
    # Some milliseconds; to look for the end of each behind all that follow takes ten seconds.
    assert time.monotonic() - begin < 1


@pytest.mark.parametrize("name", [b"Client-IP", b"WL-Proxy-Client-IP", b"Forwarded-For"])
def test_what_a_visitor_says_of_their_own_address_is_dropped(name: bytes) -> None:
    told = to_app([(name, b"192.0.2.1"), (b"Client-IPs", b"1")], b"a.example", b"a.example", None)
    assert [field for field in told if b"client" in field[0].lower()] == [(b"Client-IPs", b"1")]


def test_an_app_that_is_told_its_own_address_hears_of_no_other() -> None:
    def names(host: bytes) -> list[bytes]:
        claimed = [(b"X-Forwarded-Host", b"evil.example")]
        return [name for name, _ in to_app(claimed, host, b"kaylee.example", None)]

    assert names(b"127.0.0.1:8001") == [b"Host"]
    assert names(b"KAYLEE.example") == [b"Host", b"X-Forwarded-Proto", b"X-Forwarded-Host"]


def test_an_app_that_is_told_a_host_of_its_own() -> None:
    page = b"kaylee.example:4430"
    app = read_upstream("8001", "app").app_host
    assert app.host == b"127.0.0.1:8001"
    sent = [
        (b"Origin", b"https://" + page),
        (b"Referer", b"https://" + page + b"/a?b"),
        (b"X", b"y"),
    ]
    told = [(b"Origin", b"http://127.0.0.1:8001"), (b"Referer", b"http://127.0.0.1:8001/a?b")]
    assert app.to_app(sent, page) == [*told, (b"X", b"y")]
    others = [(b"Origin", b"https://kaylee.example:44301"), (b"Referer", b"null")]
    assert app.to_app(others, page) == others
    assert read_upstream("8001").app_host.to_app(sent, page) == sent
    named = read_upstream("8001", "app.internal").app_host
    own, public = b"http://app.internal:8001", b"https://" + page
    links = b'<%s/a.css>; rel=preload, </b>; title="http://x", <//elsewhere>'
    policy = b"connect-src 'self' %s://%s wss://x.example %s/a/; img-src data:"
    fields = [
        (b"Link", links % own),
        (b"Content-Security-Policy", policy % (b"ws", b"127.0.0.1:8001", own)),
    ]
    assert named.from_app(fields, page) == [
        (b"Link", links % public),
        (b"Content-Security-Policy", policy % (b"wss", page, public)),
    ]
    answers = [
        (b"Location", b"http://app.internal:8001/x"),
        (b"Set-Cookie", b"a=1; Domain=app.internal; Path=/"),
        (b"Set-Cookie", b"a=1; Path=/; domain=.example"),
        (b"Set-Cookie", b"a=1; domain=::1"),
    ]
    assert named.from_app(answers, page) == [
        (b"Location", b"https://kaylee.example:4430/x"),
        (b"Set-Cookie", b"a=1; Path=/"),
        (b"Set-Cookie", b"a=1; Path=/; domain=.example"),
        (b"Set-Cookie", b"a=1"),
    ]


def test_an_app_finds_its_page_under_every_name_that_it_has() -> None:
    page = b"kaylee.glosson.localhost:4430"

    def public(app: str, told: str, name: bytes, value: bytes) -> bytes:
        return read_upstream(app, told).app_host.from_app([(name, value)], page)[0][1]

    for app, told, authority in (
        ("8001", "app.internal", b"app.internal"),
        ("8001", "app.internal", b"APP.internal.:80"),
        ("8001", "app.internal", b"127.0.0.1:8001"),
        ("8001", "visitor", b"kaylee.glosson.localhost"),
        ("8001", "visitor", b"0.0.0.0:8001"),
        ("[::1]:8001", "visitor", b"localhost:8001"),
        ("https://nas.local", "app", b"nas.local"),
    ):
        for scheme in (b"http:", b"https:", b""):
            found = public(app, told, b"Location", b"%s//%s/x" % (scheme, authority))
            assert found == b"https://%s/x" % page, (scheme, authority)
    for other in (b"http://app.internal:9/", b"http://127.0.0.1/", b"http://elsewhere.example/"):
        assert public("8001", "app.internal", b"Location", other) == other
    for refresh, expected in (
        (b"5; url=http://127.0.0.1:8001/x", b"5; url=https://%s/x" % page),
        (b"0;URL='http://127.0.0.1:8001'", b"0;URL='https://%s'" % page),
        (b"5", b"5"),
    ):
        assert public("8001", "visitor", b"Refresh", refresh) == expected
    for domain, expected in (
        (b"localhost", b"a=1"),
        (b".internal", b"a=1"),
        (b"x", b"a=1; Domain=x"),
        (b"localhost; Path=/; Domain=127.0.0.1", b"a=1; Path=/"),
    ):
        cookie = public("8001", "app.internal", b"Set-Cookie", b"a=1; Domain=" + domain)
        assert cookie == expected
    parent = b"a=1; Domain=glosson.localhost"
    assert public("8001", "app.localhost", b"Set-Cookie", parent) == parent


def test_open_files_are_allowed_for_as_many_visitors_as_there_may_be() -> None:
    program = """
import logging, resource
from glosson.descriptors import allow_visitors
logging.basicConfig()
resource.setrlimit(resource.RLIMIT_NOFILE, (128, 256))
for count in (20, 50, 500):
    allow_visitors(count)
    print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=SOURCE, text=True, capture_output=True, check=True)
    assert done.stdout.split() == ["128", "164", "256"]
    assert done.stderr.count("WARNING") == 1 and "need 1064 open files" in done.stderr
