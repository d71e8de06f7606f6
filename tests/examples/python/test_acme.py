"""What an ACME server answers that is not as it should be."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from cryptography import x509

from glosson.acme import Acme
from glosson.acme_order import order, self_signed
from glosson.acme_problem import AcmeProblem, detail_of
from glosson.identity import first_certificate_in, read_time, rfc3339, validity
from glosson.identity_file import identity_text
from glosson.jws import make_account_key
from glosson.problem import asked_pause
from glosson.records import SavedIdentity
from glosson.renewal_window import with_window


def head(status: str, *fields: str) -> str:
    return "\r\n".join([f"HTTP/1.1 {status}", "Replay-Nonce: n", *fields, "", ""])


def whole(status: str, body: str, *fields: str) -> str:
    return head(status, f"Content-Length: {len(body)}", *fields) + body


def ask(
    folder: Path, answers: dict[str, Callable[[str], str]], use: Callable[[Acme], Awaitable[None]]
) -> None:
    """Have a server that answers so at each path, told its own address."""
    identity = self_signed("localhost")
    (folder / "identity.pem").write_text(identity_text(identity))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "identity.pem")

    async def main() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            request = (await reader.readuntil(b"\r\n\r\n")).decode()
            writer.write(answers[request.split(" ")[1]](own).encode())
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        own = f"https://localhost:{server.sockets[0].getsockname()[1]}"
        await use(Acme(f"{own}/directory", identity.chain, make_account_key(), f"{own}/account"))
        server.close()
        await server.wait_closed()

    asyncio.run(main())


def directory(own: str) -> str:
    return whole("200 OK", json.dumps({"newNonce": f"{own}/nonce", "newOrder": None}))


def test_an_interim_answer_is_none(tmp_path: Path) -> None:
    async def use(acme: Acme) -> None:
        assert (await acme.directory())["newOrder"] is None

    hints = head("103 Early Hints", "Link: </style.css>; rel=preload")
    ask(tmp_path, {"/directory": lambda own: hints + directory(own)}, use)


def test_a_redirect_is_followed_but_for_what_is_signed(tmp_path: Path) -> None:
    async def use(acme: Acme) -> None:
        told = await acme.directory()
        with pytest.raises(AcmeProblem, match="fails with status 307: check --acme") as refusal:
            await acme.post(told["newOrder"], {})
        assert refusal.value.status == 307
        with pytest.raises(AcmeProblem, match="fails with status 307"):
            await acme.get(told["newNonce"])
        with pytest.raises(RuntimeError, match="tells no URL"):
            await acme.get(told["http"])

    def moved(where: str) -> str:
        return whole("307 Temporary Redirect", "{}", f"Location: {where}")

    def at_last(own: str) -> str:
        names = {"newNonce": "/circle", "newOrder": "/order", "http": "/http"}
        told = {name: own + path for name, path in names.items()}
        return whole("200 OK", json.dumps(told))

    answers: dict[str, Callable[[str], str]] = {
        "/directory": lambda _own: moved("/v2?x"),
        "/v2?x": lambda own: moved(f"{own}/v3"),
        "/v3": at_last,
        "/order": lambda _own: moved("/v3"),
        "/circle": lambda _own: moved("/circle"),
        "/http": lambda own: moved(own.replace("https", "http")),
    }
    ask(tmp_path, answers, use)


def test_what_is_no_address_is_not_dialled(tmp_path: Path) -> None:
    async def use(acme: Acme) -> None:
        for told in (None, 1, "http://localhost/order"):
            with pytest.raises(RuntimeError, match="tells no URL where there has to be one"):
                await acme.post(told, {})
            with pytest.raises(RuntimeError, match="tells no URL where there has to be one"):
                await acme.get(told)

    ask(tmp_path, {"/directory": directory, "/nonce": lambda _own: whole("200 OK", "")}, use)


def ordering(authorizations: object = None, *authorized: object) -> dict[str, Callable[[str], str]]:
    """Answers of a server that takes an order; what it says of its authorization, each time."""
    looks = iter(authorized)

    def order(own: str) -> str:
        told = [f"{own}/authorization"] if authorizations is None else authorizations
        return whole("201 Created", json.dumps({"authorizations": told}), f"Location: {own}/order")

    def places(own: str) -> str:
        return whole("200 OK", json.dumps({"newNonce": f"{own}/n", "newOrder": f"{own}/new"}))

    def authorization(own: str) -> str:
        return whole("200 OK", json.dumps(next(looks)).replace("OWN", own))

    return {
        "/directory": places,
        "/n": lambda _own: whole("200 OK", ""),
        "/new": order,
        "/authorization": authorization,
        "/challenge": lambda _own: whole("200 OK", "{}"),
        "/order": lambda _own: whole("200 OK", '{"status": "invalid"}'),
    }


PROOF = {"type": "tls-alpn-01", "token": "t", "url": "OWN/challenge"}
PENDING = {"status": "pending", "challenges": [PROOF]}
FAILED = {"status": "invalid", "challenges": [{**PROOF, "error": {"detail": "nobody there"}}]}


def nothing(_domain: str, _identity: SavedIdentity | None) -> None:
    """Prove nothing."""


def test_a_forgotten_account_is_registered_again_once(tmp_path: Path) -> None:
    forgotten = whole(
        "400 Bad Request",
        '{"type": "urn:ietf:params:acme:error:accountDoesNotExist", "detail": "because"}',
        "Content-Type: application/problem+json",
    )
    answers = ordering([])
    taken, answers["/directory"] = (
        answers["/new"],
        lambda own: whole(
            "200 OK",
            json.dumps(
                {"newNonce": f"{own}/n", "newOrder": f"{own}/new", "newAccount": f"{own}/a"}
            ),
        ),
    )
    answers["/a"] = lambda own: whole("201 Created", "{}", f"Location: {own}/account/1")
    told: list[str] = []
    moved: list[str] = []
    for replies in ([forgotten, None], [forgotten, forgotten]):
        left = iter(replies)
        answers["/new"] = lambda own, left=left: next(left) or taken(own)

        async def use(acme: Acme) -> None:
            with pytest.raises((RuntimeError, AcmeProblem)) as refusal:
                await order(acme, "blog.example.org", "ecdsa", nothing, on_account=moved.append)
            told.append(f"{refusal.value}")
            assert moved.pop().endswith("/account/1") and moved == []

        ask(tmp_path, answers, use)
    assert "gave up the order" in told[0] and "because" in told[1]


def test_what_an_account_may_not_order_tells_the_mend(tmp_path: Path) -> None:
    answers = ordering([])
    answers["/new"] = lambda _own: whole(
        "401 Unauthorized",
        '{"type": "urn:ietf:params:acme:error:unauthorized", "detail": "because"}',
        "Content-Type: application/problem+json",
    )

    async def use(acme: Acme) -> None:
        with pytest.raises(
            AcmeProblem, match=r"because.*deactivated, remove acme\.json"
        ) as refusal:
            await order(acme, "blog.example.org", "ecdsa", nothing)
        assert refusal.value.kind == "unauthorized"

    ask(tmp_path, answers, use)


def test_what_only_a_person_can_do_tells_where() -> None:
    problem = {
        "type": "urn:ietf:params:acme:error:userActionRequired",
        "detail": "Terms of service have changed",
        "instance": "https://ca.test/acme/agreement/?token=W8Ih3PswD-8",
    }
    told = detail_of(problem)
    assert told == f"open {problem['instance']} and do what it asks for: {problem['detail']}"


def test_an_authority_is_left_alone_for_long_enough_to_let_a_name_fail(tmp_path: Path) -> None:
    async def use(acme: Acme) -> None:
        with pytest.raises(RuntimeError, match=r"could not prove kaylee\.example: nobody") as told:
            await order(acme, "kaylee.example", "ecdsa", nothing)
        # Five an hour, and one more every 12 minutes, is what the largest one lets a name have.
        assert asked_pause(told.value) >= 12 * 60

    ask(tmp_path, ordering(None, PENDING, FAILED), use)


def test_a_fault_of_this_program_is_not_told_as_the_authoritys(tmp_path: Path) -> None:
    def prove(_domain: str, identity: SavedIdentity | None) -> None:
        if identity is not None:
            raise TypeError("a fault")

    async def use(acme: Acme) -> None:
        with pytest.raises(TypeError, match="a fault"):
            await order(acme, "kaylee.example", "ecdsa", prove)

    ask(tmp_path, ordering(None, PENDING), use)


@pytest.mark.parametrize("odd", [None, 7, "text", [7], {"type": "tls-alpn-01"}, [{"type": 7}]])
def test_what_an_authority_says_in_no_known_form_is_its_own(tmp_path: Path, odd: object) -> None:
    async def use(acme: Acme) -> None:
        with pytest.raises(RuntimeError, match="ACME server"):
            await order(acme, "kaylee.example", "ecdsa", nothing)

    ask(tmp_path, ordering(None, {"status": "pending", "challenges": odd}), use)
    ask(tmp_path, ordering([odd] if odd is None else odd), use)


def test_windows_that_are_always_over_have_no_renewal_follow_another(tmp_path: Path) -> None:
    signed = self_signed("localhost", (x509.AuthorityKeyIdentifier(b"a key's name", None, None),))
    not_before, not_after = validity(first_certificate_in(signed.chain))
    soonest = not_before + (not_after - not_before) / 10
    windows = iter([(-9000, -5000), (100, 900)])

    def renewal_info(_own: str) -> str:
        start, end = (rfc3339(soonest + at) for at in next(windows))
        return whole("200 OK", json.dumps({"suggestedWindow": {"start": start, "end": end}}))

    class Paths(dict[str, Callable[[str], str]]):
        def __missing__(self, path: str) -> Callable[[str], str]:
            return renewal_info

    async def use(acme: Acme) -> None:
        over = await with_window(acme, signed)
        assert abs((read_time(over.renew_after or "") or 0) - soonest) <= 1
        to_come = await with_window(acme, over)
        assert soonest + 99 <= (read_time(to_come.renew_after or "") or 0) <= soonest + 901

    def places(own: str) -> str:
        told = {"newNonce": own, "newOrder": own, "renewalInfo": f"{own}/renewal"}
        return whole("200 OK", json.dumps(told))

    ask(tmp_path, Paths({"/directory": places}), use)
