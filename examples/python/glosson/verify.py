"""`glosson verify`: looks at a page from any computer, and tells whether its own one answers."""

from __future__ import annotations

from .api import relay_trust
from .exit_codes import OTHER_END, WELL
from .identity import rfc3339
from .look import Sight, look
from .options import VerifyOptions
from .problem import words_for
from .read_pem import read_pem
from .relay_address import connect_host
from .terminal import say

ADVICE = """\
If the page's owner is online right now (glosson status on their computer) and shows
another fingerprint there, somebody on the way answers in their place and can read everything: use
the page for nothing secret, and tell its owner, who then asks the relay's operator. If they are
away, or the relay cannot reach them, it is the relay that answers, with its own certificate, to
say so."""


async def verify(options: VerifyOptions) -> int:
    """Open the page as a visitor does, say what it is, and tell by the exit code if it is right.

    Raises RuntimeError, ValueError or OSError, for the person, when it could not be looked at.
    """
    page = options.page
    host = options.address or connect_host(page.host)
    given = options.ca
    ca = None if given is None else read_pem(given, "the authorities given with --ca")
    trust = relay_trust(ca)
    try:
        sight = await look(host, page.port, page.host, trust)
    except OSError as error:
        where = str(page).rstrip("/")
        raise RuntimeError(f"Cannot look at {where} at {host}: {words_for(error)}") from error
    say(_text(sight))
    wrong = _differences(sight, options)
    if not wrong:
        say("\nThis is the page's own computer: nobody between can read what passes.")
        return WELL
    say(f"\nNOT WHAT IT SHOULD BE: {'; '.join(wrong)}.\n{ADVICE}")
    return OTHER_END


def _text(sight: Sight) -> str:
    rows = {
        "Key": sight.key,
        "Certificate": f"{sight.subject or 'for its names'}, until {rfc3339(sight.not_after)}",
        "Issued by": sight.issuer,
        "Trusted": "yes" if sight.distrust is None else f"NO: {sight.distrust}",
        "ALPN": sight.alpn or "nothing agreed on",
    }
    return "\n".join(f"{name + ':':13}{value}" for name, value in rows.items())


def _differences(sight: Sight, expected: VerifyOptions) -> list[str]:
    wrong = []
    if sight.key != expected.key:
        wrong.append(f"the key should be {expected.key}")
    if sight.distrust is not None:
        wrong.append(f"browsers do not take the certificate ({sight.distrust})")
    if expected.alpn is not None and sight.alpn != expected.alpn:
        wrong.append(f"ALPN should agree on {expected.alpn}")
    return wrong
