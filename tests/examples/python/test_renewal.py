"""Visitors who keep a connection come anew once the front has another certificate, or leaves."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import HOST
from glosson.acme_order import self_signed
from glosson.front import Front
from glosson.tls_contexts import TlsContexts
from kept_visitor import KeptVisitor
from slow_site import SlowSite
from test_front import with_front

NewVisitor = Callable[[], socket.socket]


async def kept(visitor: NewVisitor, name: str = HOST) -> KeptVisitor:
    """Have a visitor who was answered once."""
    one = await KeptVisitor(visitor(), name).shake_hands()
    assert not await one.is_told_to_close()
    return one


def test_a_new_certificate_says_close_with_the_next_answer(identity: Path) -> None:
    site = SlowSite()

    async def use(front: Front, visitor: NewVisitor) -> None:
        site.begin()
        idle, busy = await kept(visitor), await kept(visitor)
        answer = asyncio.ensure_future(busy.is_told_to_close("/slow"))
        await site.asked.wait()
        front.use(identity)
        site.finish.set()
        assert await answer and await idle.is_told_to_close()
        await busy.ended()
        await idle.ended()
        (await kept(visitor)).close()

    with_front(identity, use, site=site)


def test_a_new_certificate_of_a_domain_is_nothing_to_visitors_of_others(identity: Path) -> None:
    async def use(front: Front, visitor: NewVisitor) -> None:
        front.contexts.use_for("blog.example.org", identity)
        own = await kept(visitor)
        front.contexts.use_for("blog.example.org", identity)
        assert not await own.is_told_to_close()
        front.contexts.use_for(HOST, identity)
        named = await kept(visitor)
        front.contexts.use_for(HOST, None)
        assert await named.is_told_to_close()
        for one in (own, named):
            one.close()

    with_front(identity, use)


def test_who_is_answered_as_the_client_ends_is_told(identity: Path) -> None:
    site = SlowSite()

    async def use(front: Front, visitor: NewVisitor) -> None:
        site.begin()
        busy = await KeptVisitor(visitor(), HOST).shake_hands()
        answer = asyncio.ensure_future(busy.is_told_to_close("/slow"))
        await site.asked.wait()
        stopping = asyncio.ensure_future(front.stop(60))
        await asyncio.sleep(0)
        site.finish.set()
        assert await answer
        await busy.ended()
        await stopping

    with_front(identity, use, site=site)


def test_nobody_waits_for_the_disk_when_a_key_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fsync(_descriptor: int) -> None:
        assert threading.current_thread() is not threading.main_thread()

    monkeypatch.setattr(os, "fsync", fsync)
    contexts = TlsContexts(tmp_path)
    contexts.use(self_signed(HOST))
    contexts.prove(HOST, self_signed(HOST))
    assert list(tmp_path.iterdir()) == []
