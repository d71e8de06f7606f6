"""What an ACME server answers that is not as it should be."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from glosson.acme import Acme, AcmeProblem
from glosson.acme_order import self_signed
from glosson.identity_file import identity_text
from glosson.jws import make_account_key


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


def test_a_redirect_is_no_success(tmp_path: Path) -> None:
    async def use(acme: Acme) -> None:
        with pytest.raises(AcmeProblem, match="fails with status 307: check --acme") as refusal:
            await acme.get((await acme.directory())["newNonce"])
        assert refusal.value.status == 307

    moved = whole("307 Temporary Redirect", "{}", "Location: /elsewhere")
    ask(tmp_path, {"/directory": directory, "/nonce": lambda _own: moved}, use)


def test_what_is_no_address_is_not_dialled(tmp_path: Path) -> None:
    async def use(acme: Acme) -> None:
        for told in (None, 1, "http://localhost/order"):
            with pytest.raises(RuntimeError, match="tells no URL where there has to be one"):
                await acme.post(told, {})
            with pytest.raises(RuntimeError, match="tells no URL where there has to be one"):
                await acme.get(told)

    ask(tmp_path, {"/directory": directory, "/nonce": lambda _own: whole("200 OK", "")}, use)
