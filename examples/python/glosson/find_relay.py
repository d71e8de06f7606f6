"""Finds the relay at the address that a person gave."""

from __future__ import annotations

import ssl

from .api import Api
from .problem import RelayUnreachable
from .relay_address import RelayAddress


async def find_relay(given: RelayAddress, trust: ssl.SSLContext) -> Api:
    """Find the relay at an address, or at `relay.` below it.

    People know the name that pages are below, which is not the relay's own.
    """
    try:
        api = Api(given, trust)
        await api.relay_info()
        return api
    except RuntimeError as error:
        below = Api(given.below("relay"), trust)
        try:
            await below.relay_info()
            return below
        except RuntimeError as second:
            if given.host.startswith("relay.") or isinstance(second, RelayUnreachable):
                raise error from None
            raise
