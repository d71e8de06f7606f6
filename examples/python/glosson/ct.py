"""A search service for certificates in the public logs, with crt.sh's JSON (RFC 9162's logs)."""

from __future__ import annotations

import json
import re
import ssl
from dataclasses import dataclass
from urllib.parse import SplitResult, urlencode, urlsplit

from .http1 import BadMessage
from .http_client import request_url
from .identity import fingerprint_of_pem
from .problem import shown, words_for

DEFAULT_SERVICE = "https://crt.sh/"

ANSWER_S = 120.0  # a search goes over billions of entries
MAX_ANSWER_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Logged:
    """A certificate that a public log has."""

    id: str
    names: tuple[str, ...]
    issuer: str
    not_before: str


def read_service(text: str) -> SplitResult:
    """Read the address of such a service; raises ValueError.

    Over plain HTTP only on this computer: an answer that was changed on its way says nothing.
    """
    try:
        url = urlsplit(text)
        here = url.scheme == "http" and url.hostname in ("localhost", "127.0.0.1")
        if url.hostname and (here or url.scheme == "https") and (url.port is None or url.port):
            return url
    except ValueError:
        pass
    raise ValueError(f'"{text}" is no https:// address, such as {DEFAULT_SERVICE}')


class CtService:
    """Asks one: `?q=NAME&output=json`, where `%` stands for anything, and `?d=ID` for PEM."""

    def __init__(self, url: SplitResult) -> None:
        """Ask the one at this address."""
        self._url = url
        self._trust = ssl.create_default_context() if url.scheme == "https" else None

    async def search(self, name: str) -> list[Logged]:
        """Find the certificates for exactly this name that have not expired.

        With `%.` before a name, those for all names below it. Raises RuntimeError when the service
        cannot be asked, or answers something else.
        """
        where = {"q": name, "output": "json", "exclude": "expired", "deduplicate": "Y"}
        try:
            found = json.loads(await self._get(where))
        except ValueError:
            found = None  # an overloaded service answers with a page
        if not isinstance(found, list):
            raise RuntimeError(f"{self._url.geturl()} answers no JSON list")
        below = name[1:] if name.startswith("%.") else None

        def is_meant(one: str) -> bool:
            return one == name if below is None else one.endswith(below)

        return [each for each in map(_logged, found) if any(map(is_meant, each.names))]

    async def key_of(self, certificate: str) -> str:
        """Return the fingerprint of the key of one that was found; RuntimeError as above."""
        pem = await self._get({"d": certificate})
        try:
            return fingerprint_of_pem(pem.decode("latin-1"))
        except ValueError as error:
            raise RuntimeError(f"Certificate {certificate} cannot be read: {error}") from None

    async def _get(self, query: dict[str, str]) -> bytes:
        url = self._url._replace(query=urlencode(query), fragment="").geturl()
        try:
            reply = await request_url(
                *("GET", url, self._trust, []), most=MAX_ANSWER_BYTES, seconds=ANSWER_S
            )
        except (OSError, EOFError, BadMessage) as error:
            raise RuntimeError(f"Cannot ask {url}: {words_for(error)}") from error
        if not 200 <= reply.status < 300:
            raise RuntimeError(f"{url} answers {reply.status}")
        return reply.body


def _logged(entry: object) -> Logged:
    told = entry if isinstance(entry, dict) else {}
    number, names = str(told.get("id")), told.get("name_value")
    if not re.fullmatch("[0-9]+", number) or not isinstance(names, str):
        raise RuntimeError(
            "The search service's answer is not of crt.sh's form: id and name_value are missing"
        )
    issuer, since = shown(told.get("issuer_name")), shown(told.get("not_before"))
    return Logged(number, tuple(names.lower().split("\n")), issuer, since)
