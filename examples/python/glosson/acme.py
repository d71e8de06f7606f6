"""An ACME server (RFC 8555), as one account of it speaks with it."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from typing import Any, Callable
from urllib.parse import urljoin, urlsplit

from .acme_problem import AcmeProblem, detail_of, kind_of, read_json
from .api import relay_trust
from .http1 import BadMessage
from .http_client import Reply, request_url
from .jws import AccountKey
from .problem import read_retry_after, words_for

REQUEST_S = 30.0
MAX_ANSWER_BYTES = 1024 * 1024
PAUSES_S = (0.3, 1.0, 3.0)  # before a request is made again that failed for a passing reason
LONGEST_ASKED_S = 10.0  # that is waited out within a request
REDIRECTS = (301, 302, 303, 307, 308)
MOST_REDIRECTS = 10  # that are followed one after another
NONCES = 40  # that are tried for one request: some servers refuse half of them
DECIDE_S = 180.0  # for the server to prove a name, or to sign
FIRST_LOOK_S, LONGEST_LOOK_S = 0.1, 5.0  # between two looks whether it has


class Acme:
    """Asks one server; every method raises AcmeProblem, or RuntimeError when it cannot be asked."""

    def __init__(
        self, directory: str, ca: str | None, key: str | None = None, url: str | None = None
    ) -> None:
        """`ca` is whom to trust besides the system's, `key` (PEM) and `url` are the account's."""
        self._directory_url, self._url = directory, url
        self._host = urlsplit(directory).netloc
        self._trust: ssl.SSLContext = relay_trust(ca)
        self._key = None if key is None else AccountKey(key)
        self._nonce: str | None = None
        self._directory: dict[str, Any] | None = None

    async def directory(self) -> dict[str, Any]:
        """Return where what is to be found; it is read once."""
        if self._directory is None:
            reply = await self.get(self._directory_url)
            try:
                self._directory = read_json(reply)
                _url(self._directory.get("newNonce"))
            except RuntimeError as error:
                self._directory = None
                raise RuntimeError(
                    f"What answers at {self._directory_url} is no ACME server, or one under "
                    f"maintenance: check --acme ({error})"
                ) from error
        return self._directory

    async def register(self, email: str | None) -> str:
        """Have an account for the key, which agrees to the server's terms; return its URL."""
        content: dict[str, object] = {"termsOfServiceAgreed": True}
        if email is not None:
            content["contact"] = [f"mailto:{email}"]
        self._url = None  # such a request is signed by the key alone (RFC 8555 section 6.2)
        reply = await self.post((await self.directory()).get("newAccount"), content)
        self._url = _url(reply.value(b"location"))
        return self._url

    async def get(self, url: object) -> Reply:
        """Read what needs no account, at a URL that was told."""
        return await self._accepted("GET", _url(url), b"")

    async def post(self, told: object, content: object) -> Reply:
        """Send a signed request to a told URL; `None` only reads (RFC 8555 section 6.3)."""
        url = _url(told)
        payload = b"" if content is None else json.dumps(content).encode()
        for last in [False] * (NONCES - 1) + [True]:
            nonce = self._nonce or await self._new_nonce()
            self._nonce = None
            try:
                signed = self._signing().sign(url, nonce, payload, self._url)
                return await self._accepted("POST", url, signed)
            except AcmeProblem as problem:
                if problem.kind != "badNonce" or last:
                    raise
        raise AssertionError

    async def wait(self, url: object, done: Callable[[str], bool]) -> dict[str, Any]:
        """Look at something until its status is one that the server decided on."""
        over, pause = time.monotonic() + DECIDE_S, FIRST_LOOK_S
        while True:
            reply = await self.post(url, None)
            found = read_json(reply)
            if done(str(found.get("status"))):
                return found
            asked = read_retry_after(reply.value(b"retry-after")) or 0.0
            await asyncio.sleep(min(max(pause, asked), LONGEST_LOOK_S))
            if time.monotonic() > over:
                raise RuntimeError(
                    f"The ACME server has not decided after {DECIDE_S:.0f} s: it is slow, and is "
                    "asked again at the next try"
                )
            pause = min(pause * 1.5, LONGEST_LOOK_S)

    def authorize(self, token: str) -> str:
        """Return what answers a challenge (RFC 8555 section 8.1)."""
        return self._signing().authorize(token)

    def _signing(self) -> AccountKey:
        assert self._key is not None, "only an account signs"
        return self._key

    async def _new_nonce(self) -> str:
        await self._accepted("HEAD", _url((await self.directory()).get("newNonce")), b"")
        if self._nonce is None:
            raise RuntimeError(f"The ACME server {self._host} gives no nonce")
        return self._nonce

    async def _accepted(self, method: str, url: str, body: bytes) -> Reply:
        """Make a request, again after what passes; raises what the server says is wrong."""
        for pause in (*PAUSES_S, None):
            try:
                reply = await self._send(method, url, body)
            except (OSError, EOFError, BadMessage, ValueError) as error:
                if pause is None or isinstance(error, (ssl.SSLError, ValueError)):
                    raise RuntimeError(
                        f"Cannot reach the ACME server {urlsplit(url).netloc}: {words_for(error)} "
                        "(--acme, --acme-ca)"
                    ) from error
                await asyncio.sleep(pause)
                continue
            if 200 <= reply.status < 300:
                return reply
            problem = self._problem(reply)
            asked = problem.retry_after_s or 0.0
            if reply.status < 500 or pause is None or asked > LONGEST_ASKED_S:
                raise problem
            await asyncio.sleep(max(asked, pause))
        raise AssertionError

    async def _send(self, method: str, url: str, body: bytes) -> Reply:
        fields = [(b"Accept", b"*/*")]
        if method == "POST":
            fields.append((b"Content-Type", b"application/jose+json"))
            fields.append((b"Content-Length", b"%d" % len(body)))
        for _ in range(1 + MOST_REDIRECTS):
            reply = await request_url(
                *(method, url, self._trust, fields, body), most=MAX_ANSWER_BYTES, seconds=REQUEST_S
            )
            self._nonce = reply.value(b"replay-nonce") or self._nonce
            where = reply.value(b"location")
            # What is signed is for the address that it names.
            if method == "POST" or reply.status not in REDIRECTS or where is None:
                break
            url = _url(urljoin(url, where))
        return reply

    def _problem(self, reply: Reply) -> AcmeProblem:
        after = read_retry_after(reply.value(b"retry-after"))
        try:
            told = read_json(reply)
        except RuntimeError:
            told = {}
        if not isinstance(told.get("type"), str):
            text = f"The ACME server {self._host} fails with status {reply.status}: check --acme"
            return AcmeProblem("", reply.status, text, after)
        text = f"The ACME server {self._host} says: {detail_of(told)}"
        return AcmeProblem(kind_of(told), reply.status, text, after)


def _url(told: object) -> str:
    if isinstance(told, str) and told.startswith("https://"):
        return told
    raise RuntimeError("The ACME server tells no URL where there has to be one")
