"""Command lines of what a careful user asks: `verify` and `watch-ct`."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from .ct import DEFAULT_SERVICE, read_service
from .relay_address import RelayAddress, read_relay_address
from .run_arguments import STYLE, checked

VERIFY = """\
Opens a page as a visitor does, and tells whether its own computer answers: compares the key.

FINGERPRINT is what status shows on the page's own computer: the SHA-256 of its public key. Carry it
over by a way that the relay has no part in. Ask from another network than the page's, and while it
is online.

Exits with 0 when all is as expected, 7 when it is not, 1 when the page could not be looked at.
"""

WATCH_CT = """\
Looks in the public logs of certificates for some by which others could stand for your page.

Certificates for your page's name, and for any below it, must be for a key that this computer has or
had, those for the wildcard above it for one that the relay tells of (GET /v1/relay).

Exits with 0 when all are in order, 7 when some are not, 1 when the service or the relay could not
be asked.
"""

# Maybe behind a prefix; the first character may be a slash, too.
_BASE64 = re.compile(r"(?:sha256//?)?([A-Za-z0-9+/]{43}=)", re.IGNORECASE)


def add_check_commands(commands: Any) -> None:
    """Add these commands."""
    hint = "look at a page from outside: does its own computer answer?"
    verify = commands.add_parser("verify", help=hint, description=VERIFY, **STYLE)
    add = verify.add_argument
    add("page", metavar="https://NAME.BASE", type=checked(_page))
    key = checked(read_fingerprint)
    add("--key", metavar="FINGERPRINT", required=True, type=key, help="of the page's own computer")
    add("--alpn", metavar="PROTOCOL", help="also expect this to be agreed on")
    add("--address", metavar="IP", help="connect to this, whatever the name resolves to")
    add("--ca", metavar="FILE", help="trust the authorities in this PEM file too")

    hint = "look in the public logs for certificates that are not yours"
    watch = commands.add_parser("watch-ct", help=hint, description=WATCH_CT, **STYLE)
    service = f"who is asked: a search service with crt.sh's JSON (default {DEFAULT_SERVICE})"
    default, read = read_service(DEFAULT_SERVICE), checked(read_service)
    watch.add_argument("--service", metavar="URL", default=default, type=read, help=service)


def read_fingerprint(text: str) -> str:
    """Read a key's fingerprint as people have it; raises ValueError.

    It is base64, maybe behind `sha256/` or `sha256//` as curl's `--pinnedpubkey` has it, or 64
    hexadecimal digits, maybe with colons.
    """
    digits = text.replace(":", "")
    if re.fullmatch("[0-9a-fA-F]{64}", digits):
        return base64.b64encode(binascii.unhexlify(digits)).decode()
    if found := _BASE64.fullmatch(text):
        return found[1]
    raise ValueError(f'"{text}" is no SHA-256 of a key: 44 characters of base64, or 64 of hex')


def _page(text: str) -> RelayAddress:
    try:
        return read_relay_address(text)
    except ValueError:
        raise ValueError(
            f'"{text}" is no address of a page: https://NAME.BASE, maybe with a port'
        ) from None
