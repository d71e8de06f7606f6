"""The user's account at an authority, by ACME."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from .acme import Acme
from .jws import make_account_key
from .kept_domains import AcmeAccount, KeptDomains
from .options import AcmeOptions
from .problem import shown
from .read_pem import read_pem
from .records import strings
from .terminal import say

LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"


@dataclass(frozen=True)
class Terms:
    """What an ACME server tells of itself."""

    where: str | None  # its terms are to be read
    caa_identities: list[str]  # its names in CAA records (RFC 8659 section 4.2)


async def acme_account(
    options: AcmeOptions, kept: KeptDomains, others: Sequence[str]
) -> tuple[AcmeAccount, Terms]:
    """Return the account at the authority that was named, or the one that there is.

    Registers one if need be. The certificates of `others` are ordered by the one that there is, and
    stay with it. Raises RuntimeError, for the person.
    """
    known = kept.account()
    directory = options.acme or (LETS_ENCRYPT if known is None else known.directory)
    same = known is not None and known.directory == directory
    if known is not None and not same and others:
        # Their CAA records name this account.
        raise RuntimeError(
            f"One account serves all your domains, and {', '.join(others)} renews at "
            f"{known.directory}: leave --acme out, or give them up there first (glosson domain "
            "remove, glosson caa off)"
        )
    ca = known.ca if known is not None and same else None
    if options.acme_ca is not None:
        ca = read_pem(options.acme_ca, "the authority given with --acme-ca")
    told = (await Acme(directory, ca).directory()).get("meta")
    meta = told if isinstance(told, dict) else {}
    where = meta.get("termsOfService")
    terms = Terms(None if where is None else shown(where), strings(meta.get("caaIdentities")))
    if known is not None and same:
        account = replace(known, ca=ca)
        if account != known:
            kept.save_account(account)
        return account, terms
    if not options.agree_terms:
        at = "" if terms.where is None else f" ({terms.where})"
        raise RuntimeError(
            f"The certificate comes from {directory}. Read its terms{at}, and say --agree-terms "
            "if you agree"
        )
    key = make_account_key()
    account = AcmeAccount(
        directory, key, await Acme(directory, ca, key).register(options.email), ca
    )
    kept.save_account(account)
    say(f"You have an account of your own at {urlsplit(directory).netloc}: {shown(account.url)}")
    return account, terms
