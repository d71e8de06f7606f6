"""The user's own domains go on being kept, whatever went wrong with them once."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from glosson import keep_domains
from glosson.acme_order import self_signed
from glosson.api import Api, relay_trust
from glosson.client_hello import Opening
from glosson.keep_domains import Keeping
from glosson.kept_domains import KeptDomains
from glosson.relay_address import read_relay_address
from glosson.state import State
from glosson.tls_contexts import TlsContexts

DOMAIN = "blog.example.org"


class FaultyApi(Api):
    """Meets a fault of this program at each request."""

    asked = 0

    async def account(self) -> dict[str, object]:
        self.asked += 1
        raise KeyError("a fault")


@pytest.fixture
def keeping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keeping:
    for name in ("LOOK_S", "SHORTEST_PAUSE_S", "FIRST_PAUSE_S"):
        monkeypatch.setattr(keep_domains, name, 0.0)
    api = FaultyApi(read_relay_address("relay.example"), relay_trust(None), "token")
    kept, contexts = KeptDomains(State(tmp_path)), TlsContexts(tmp_path)
    return Keeping(kept, api, contexts, [], "ecdsa", None)  # type: ignore[arg-type]


def begin(keeping: Keeping, *, online: bool = False) -> asyncio.Future[None]:
    """Begin to keep them; to Python 3.9 an event belongs to the loop that there is."""
    keeping.online = asyncio.Event()
    if online:
        keeping.online.set()
    return asyncio.ensure_future(keep_domains.keep_domains(keeping))


async def until(keeping: asyncio.Future[None], done: Callable[[], bool]) -> None:
    async def look() -> None:
        while not done() and not keeping.done():
            await asyncio.sleep(0)

    await asyncio.wait_for(look(), 10)
    assert not keeping.done()


def test_a_list_that_is_damaged_is_read_again_when_it_is_mended(
    keeping: Keeping, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keeping.kept.add(DOMAIN)
    (tmp_path / "domains" / "domains.json").write_bytes(b'["\xff"]')

    async def main() -> None:
        task = begin(keeping)
        await until(task, lambda: "domains.json: it is damaged; remove it" in caplog.text)
        (tmp_path / "domains" / "domains.json").unlink()
        keeping.kept.add(DOMAIN)
        await until(task, lambda: keeping.hosts == [DOMAIN])
        task.cancel()

    asyncio.run(main())


def test_a_domain_is_kept_after_a_fault_of_this_program(
    keeping: Keeping, caplog: pytest.LogCaptureFixture
) -> None:
    keeping.kept.add(DOMAIN)
    api = keeping.api
    assert isinstance(api, FaultyApi)

    async def main() -> None:
        task = begin(keeping, online=True)
        await until(task, lambda: api.asked == 3)
        assert keeping.hosts == [DOMAIN]
        task.cancel()

    asyncio.run(main())
    assert "KeyError: 'a fault'" in caplog.text  # with its place in the program


def test_no_key_of_a_domain_is_written_outside_of_the_state_folder(
    keeping: Keeping, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeping.kept.add(DOMAIN)
    assert keeping.kept.save_identity(DOMAIN, self_signed(DOMAIN))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))

    async def main() -> None:
        task = begin(keeping)
        await until(task, lambda: keeping.contexts.of(Opening(DOMAIN)) is not None)
        task.cancel()

    asyncio.run(main())


def test_a_domain_that_is_removed_meanwhile_is_not_added_again(keeping: Keeping) -> None:
    class Removing(FaultyApi):
        added = False

        async def account(self) -> dict[str, object]:
            self.asked += 1
            keeping.kept.remove(DOMAIN)
            return {"domains": []}

        async def put_domain(self, domain: str) -> None:
            self.added = True

    api = Removing(read_relay_address("relay.example"), relay_trust(None), "token")
    keeping.api = api
    keeping.kept.add(DOMAIN)

    async def main() -> None:
        task = begin(keeping, online=True)
        await until(task, lambda: api.asked > 0 and not keeping.hosts)
        task.cancel()

    asyncio.run(main())
    assert not api.added
