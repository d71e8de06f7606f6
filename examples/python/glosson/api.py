"""The relay's HTTPS interface (PROTOCOL section 1)."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from . import __version__
from .connection import Connection, dial
from .http1 import BadMessage
from .http_client import Reply as HttpReply
from .http_client import request
from .limit import Limit
from .problem import RelayProblem, RelayUnreachable, read_problem, read_retry_after, unreachable
from .relay_address import RelayAddress, connect_host, is_host
from .unseen import has_unseen

REQUEST_S = 15.0
MAX_ANSWER_BYTES = 256 * 1024  # a long certificate chain is some 10 KiB
CAA: Mapping[str, type] = {"records": list, "written": bool}
PEM = re.compile(r"[\r\n -~]+")  # lines of visible characters


def relay_trust(ca: str | None) -> ssl.SSLContext:
    """Trust the system's authorities, and those in `ca` (PEM); ValueError when it holds none."""
    context = ssl.create_default_context()
    if ca is not None:
        try:
            context.load_verify_locations(cadata=ca)
        except (ssl.SSLError, ValueError):
            raise ValueError(
                "Cannot trust the given authority: the file holds no PEM certificate"
            ) from None
    return context


@dataclass(frozen=True)
class Reply:
    """The members of an answer, and the pause that it asks for."""

    members: dict[str, Any]
    retry_after_s: float | None


class Api:
    """Asks the relay.

    Every method raises RelayProblem when the relay refuses, and RelayUnreachable when it cannot be
    asked or its answer makes no sense.
    """

    def __init__(
        self, relay: RelayAddress, trust: ssl.SSLContext, token: str | None = None
    ) -> None:
        """`token` is for the requests that need one."""
        self.relay, self._trust, self._token = relay, trust, token
        self._answered: str | None = None  # the relay's address that did so last

    async def relay_info(self) -> dict[str, Any]:
        """Ask what the relay is."""
        return (await self._ask("GET", "/v1/relay", {"protocol": int})).members

    async def claim(self, username: str) -> dict[str, Any]:
        """Begin to claim a name."""
        members = dict.fromkeys(("claim", "hostname", "code", "expiresAt"), str)
        return (await self._ask("POST", "/v1/claims", members, {"username": username})).members

    async def verify(self, claim: str) -> dict[str, Any]:
        """Have the relay look for the code in the bio."""
        members = dict.fromkeys(("username", "hostname", "token"), str)
        return (await self._ask("POST", f"/v1/claims/{quote(claim, '')}/verify", members)).members

    async def account(self) -> dict[str, Any]:
        """Ask what the relay knows of the account."""
        members = {"hostname": str, "online": bool}
        return (await self._ask("GET", "/v1/account", members)).members

    async def control(self) -> None:
        """Ask what keeps a control session from being opened: that is raised."""
        try:
            await self._ask("GET", "/v1/control", None)
        except RelayProblem as problem:
            # A request that is no handshake gets as far as that.
            if problem.code != "upgrade-required":
                raise

    async def change_preferences(self, change: Mapping[str, object]) -> dict[str, Any]:
        """Change what visitors see while the user is away; the answer is all of it."""
        members = {"offlinePage": str, "lastSeen": bool}
        return (await self._ask("PATCH", "/v1/account", members, change)).members

    async def release(self) -> None:
        """Give the name back."""
        await self._ask("DELETE", "/v1/account", None)

    async def put_domain(self, domain: str) -> None:
        """Have a domain of the user's own lead to this account."""
        await self._ask("PUT", f"/v1/domains/{quote(domain, '')}", {"domain": str})

    async def remove_domain(self, domain: str) -> None:
        """Have it lead here no more."""
        await self._ask("DELETE", f"/v1/domains/{quote(domain, '')}", None)

    async def caa(self) -> dict[str, Any]:
        """Ask who alone may order certificates for the page's names."""
        return (await self._ask("GET", "/v1/caa", CAA)).members

    async def set_caa(self, change: Mapping[str, object]) -> dict[str, Any]:
        """Say who alone may; the answer comes once the relay has tried to write it."""
        return (await self._ask("PUT", "/v1/caa", CAA, change)).members

    async def request_certificate(self, csr: str) -> Reply:
        """Ask for a certificate; the answer has an `id` to ask again with."""
        return await self._ask("POST", "/v1/certificates", {"id": str}, {"csr": csr})

    async def certificate(self, request_id: str) -> Reply:
        """Ask how a request stands: its `status` tells."""
        return await self._ask("GET", f"/v1/certificates/{quote(request_id, '')}", {"status": str})

    async def _ask(
        self, method: str, path: str, members: Mapping[str, type] | None, content: object = None
    ) -> Reply:
        """Make one request; `members` are those that its answer has to have, None: none at all."""
        try:
            with Limit(REQUEST_S, "no answer"):
                answer = await self._exchange(method, path, content)
        except (OSError, EOFError, BadMessage) as error:
            raise unreachable(self.relay, error) from error
        retry_after_s = read_retry_after(answer.value(b"retry-after"))
        # A redirect would carry the token to wherever it points.
        if answer.status >= 300:
            raise read_problem(answer.status, answer.body, retry_after_s)
        if members is None:
            return Reply({}, retry_after_s)
        try:
            value = json.loads(answer.body)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict) or not is_answer(value, members):
            where = str(self.relay).rstrip("/") + path
            raise RelayUnreachable(f"What answers at {where} is no Glosson relay")
        return Reply(value, retry_after_s)

    async def _exchange(self, method: str, path: str, content: object) -> HttpReply:
        """Make a request on a connection of its own: it tells whether the relay is there."""
        fields = [
            (b"Host", self.relay.authority.encode()),
            (b"User-Agent", f"glosson-python/{__version__}".encode()),
            (b"Accept", b"application/json, application/problem+json"),
        ]
        if self._token is not None:
            fields.append((b"Authorization", f"Bearer {self._token}".encode()))
        body = b"" if content is None else json.dumps(content).encode()
        if method in ("POST", "PATCH", "PUT"):
            fields.append((b"Content-Type", b"application/json"))
            fields.append((b"Content-Length", b"%d" % len(body)))
        tls = (self._trust, self.relay.host)
        line = f"{method} {path}"
        return await request(await self.connect(), tls, line, fields, body, most=MAX_ANSWER_BYTES)

    async def connect(self) -> Connection:
        """Connect to the relay; TLS is still to be spoken."""
        host, port = connect_host(self.relay.host), self.relay.port
        conn = await dial(host, port, first=self._answered)
        self._answered = str(conn.socket.getpeername()[0])
        return conn


def is_answer(value: dict[str, Any], members: Mapping[str, type]) -> bool:
    """Whether an answer has what it has to have, and no text that a relay would not send.

    What it says is shown, logged, and put into files and requests; but for the words of the user,
    which are shown only.
    """
    if any(not isinstance(value.get(name), kind) for name, kind in members.items()):
        return False
    if "hostname" in members and not is_host(value["hostname"]):
        return False
    texts = [text for name, text in value.items() if name not in ("certificate", "away")]
    if any(isinstance(text, str) and has_unseen(text) for text in texts):
        return False
    certificate = value.get("certificate")
    return not isinstance(certificate, str) or PEM.fullmatch(certificate) is not None
