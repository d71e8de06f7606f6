"""The built-in page, where whoever asks for `/slow` waits."""

from __future__ import annotations

import asyncio

from glosson.built_in_page import built_in_page
from glosson.exchange import Exchange


class SlowSite:
    """Answers `/slow` once it may finish; `begin` is called in the loop that it is used in."""

    asked: asyncio.Event
    finish: asyncio.Event

    def begin(self) -> None:
        self.asked, self.finish = asyncio.Event(), asyncio.Event()

    async def __call__(self, exchange: Exchange) -> None:
        if exchange.request.target == b"/slow":
            self.asked.set()
            await self.finish.wait()
        await built_in_page(exchange)
