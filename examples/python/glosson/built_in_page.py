"""The page that is served when `run` is told nothing else: proof that it works, no more."""

from __future__ import annotations

from .exchange import Exchange
from .own_page import answer_own_page


async def built_in_page(exchange: Exchange) -> None:
    """Answer as a site that is one page."""
    request = exchange.request
    if request.method not in (b"GET", b"HEAD"):
        await exchange.refuse(405, "Only GET and HEAD here.", (b"Allow", b"GET, HEAD"))
        return
    is_home = request.target.partition(b"?")[0] == b"/"
    await answer_own_page(exchange, "online" if is_home else "nothing-here")
