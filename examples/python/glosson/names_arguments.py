"""Command lines about names: domains of the user's own, and who may order certificates."""

from __future__ import annotations

import re
from typing import Any, Callable, NoReturn

from .domain_name import read_domain
from .options import AcmeOptions, CaaOptions, DomainOptions
from .run_arguments import STYLE, checked

DOMAIN = """\
Has a domain of your own lead to your page, with a certificate that you get yourself.

add tells which record to set in the domain's DNS, waits until it is there, and tells which CAA
records let nobody else have certificates for the domain. run then gets the certificate and renews
it, with an account of yours at the authority: the relay has no part in it. With --tls-upstream the
certificate is that server's to get, by TLS-ALPN-01.
"""

CAA = """\
Has nobody else order certificates for your name, by CAA records (RFC 8659, RFC 8657) at it.

Without a word it tells how that stands, in the DNS too.

  relay  the account of the relay alone may, by dns-01: no other authority, and nobody else who has
         an account there. It holds for names below yours, too, and when the relay changes its
         account
  own    an ACME account of your own alone may, by tls-alpn-01: run gets the certificate and renews
         it, the relay orders nothing for you any more. With --account another program that has that
         account gets it, to which run --tls-upstream passes visitors
  off    whoever the relay's domain lets, as in the beginning

Authorities heed what they find in the DNS, which the relay holds: it does not bar the relay itself,
whose certificate for the wildcard is good for your name as well. watch-ct notices certificates.
"""

_AUTHORITY = re.compile(
    r"(?=.{1,100}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*"
)

# What says which account of the user's own is meant.
ACME = ("acme", "acme_ca", "email", "agree_terms")


def add_name_commands(commands: Any) -> None:
    """Add these commands."""
    hint = "have a domain of your own lead to your page"
    domain = commands.add_parser("domain", help=hint, description=DOMAIN, **STYLE)
    domain.add_argument("action", choices=("add", "list", "remove"))
    domain.add_argument("domain", nargs="?", metavar="DOMAIN", type=checked(read_domain))
    hint = "have nobody else order certificates for your name"
    caa = commands.add_parser("caa", help=hint, description=CAA, **STYLE)
    caa.add_argument("who", nargs="?", choices=("relay", "own", "off"))
    caa.add_argument("--account", metavar="URL", help="of own: the account that orders")
    caa.add_argument("--authority", metavar="NAME", help="of own: its name in CAA records")
    for command in (domain, caa):
        add = command.add_argument
        add("--agree-terms", action="store_true", help="you agree to the authority's terms")
        directory = "directory of an ACME server (default: Let's Encrypt, or the last one)"
        add("--acme", metavar="URL", type=checked(_directory), help=directory)
        add("--acme-ca", metavar="FILE", help="trust the authorities in FILE when talking to it")
        add("--email", metavar="ADDRESS", help="where the authority may write to")


def domain_options(told: dict[str, Any], error: Callable[[str], NoReturn]) -> DomainOptions:
    """Read what was told to `domain`; `error` ends the program."""
    action = told["action"]
    if (told["domain"] is None) != (action == "list"):
        error("list takes no DOMAIN" if action == "list" else f"{action} needs the DOMAIN")
    acme = _acme(told, action == "add", "add", error)
    return DomainOptions(action, told["domain"], acme, told["state"])


def caa_options(told: dict[str, Any], error: Callable[[str], NoReturn]) -> CaaOptions:
    """Read what was told to `caa`; `error` ends the program."""
    who, account, authority = told["who"], told["account"], told["authority"]
    if who != "own" and (account, authority) != (None, None):
        error("--account and --authority are about own")
    if authority is not None and not _AUTHORITY.fullmatch(authority):
        error(
            "--authority is a name as CAA records have it, such as letsencrypt.org, "
            f'not "{authority}"'
        )
    if account is not None and authority is None:
        error("--account takes --authority as well, such as letsencrypt.org")
    return CaaOptions(
        who, account, authority, _acme(told, who == "own", "own", error), told["state"]
    )


def _acme(
    told: dict[str, Any], is_of: bool, what: str, error: Callable[[str], NoReturn]
) -> AcmeOptions:
    acme = {name: told[name] for name in ACME}
    for name, value in acme.items():
        if value not in (None, False) and not is_of:
            error(f"--{name.replace('_', '-')} is about {what}")
    return AcmeOptions(**acme)


def _directory(text: str) -> str:
    if text.startswith("https://") and re.fullmatch(r"[!-~]+", text):
        return text
    raise ValueError("--acme is the https:// address of an ACME server's directory")
