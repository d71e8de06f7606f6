"""What an app may be blamed for."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from .http1 import BadMessage
from .limit import TooSlow

T = TypeVar("T")


class AppFailed(Exception):
    """The app is not there, or gave no whole answer."""

    page = "app-down"


class AppSilent(AppFailed):
    """The app took the request, and gave no answer in its time."""

    page = "app-silent"


async def of_app(reading: Awaitable[T]) -> T:
    """Read from the app: what goes wrong is its fault. Raises AppFailed."""
    try:
        return await reading
    except TooSlow as error:
        raise AppSilent(str(error)) from None
    except (EOFError, OSError, BadMessage) as error:
        raise AppFailed(str(error) or type(error).__name__) from None
