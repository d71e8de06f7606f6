"""What an app may be blamed for."""

from __future__ import annotations

import re
import ssl
from collections.abc import Awaitable
from typing import TypeVar

from .http1 import BadMessage
from .limit import TooSlow

T = TypeVar("T")

_ANY = "take any certificate by --insecure-upstream"

# What may be wrong with an app's TLS, by OpenSSL's words for it, and what mends it.
_FAULTS = {
    r"mismatch|not valid for": "its certificate is for another name; give --upstream the name that "
    f"is in it, or {_ANY}",
    r"expired|not yet valid": f"its certificate is not valid now; renew it, or {_ANY}",
    r"certificate.verify.failed": "its certificate is signed by nobody whom this computer trusts; "
    f"name its authority by --upstream-ca FILE, or {_ANY}",
    r"no.application.protocol": "it speaks no HTTP/1.1; --tls-upstream leads visitors to a server "
    "of HTTP/2 alone",
    r"certificate.required": "it wants a certificate of whoever asks, and there is none for that",
    r"wrong.version.number|record.layer.failure": "what answers there speaks no TLS; is it http:// "
    "in --upstream?",
}


class AppFailed(Exception):
    """The app is not there, or gave no whole answer."""

    page = "app-down"


class AppSilent(AppFailed):
    """The app took the request, and gave no answer in its time."""

    page = "app-silent"


def app_fault(error: Exception, may_be_tls: bool = False) -> str:
    """Return why an app cannot be asked, for the log: with what mends it, where that is known."""
    text = str(error) or type(error).__name__
    # Whoever speaks TLS alone takes a request for a handshake that is none, and says nothing.
    if may_be_tls and isinstance(error, (EOFError, ConnectionError)):
        return f"{text}; does it want https:// in --upstream?"
    if isinstance(error, ssl.SSLError):
        for words, fault in _FAULTS.items():
            if re.search(words, text, re.IGNORECASE):
                return f"{fault} ({text})"
    return text


async def of_app(reading: Awaitable[T], may_be_tls: bool = False) -> T:
    """Read from the app: what goes wrong is its fault. Raises AppFailed.

    `may_be_tls`: nothing was read before, of one that was asked in plain HTTP.
    """
    try:
        return await reading
    except TooSlow as error:
        raise AppSilent(str(error)) from None
    except (EOFError, OSError, BadMessage) as error:
        raise AppFailed(app_fault(error, may_be_tls)) from None
