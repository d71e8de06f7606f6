"""The pages of this program's own: for people a page, for programs a problem, else a line of text.

The reference client's pages, made by `deno task pages`: their look is the relay's.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

from .exchange import Exchange
from .http1 import Fields, values

_OWN = json.loads(Path(__file__).with_name("own_pages.json").read_text("utf-8"))

# What a browser shows by itself (Fetch Metadata Request Headers, section 2.1).
SHOWN = ("document", "iframe", "frame", "fencedframe")
PAGE = re.compile(r"\b(text/html|application/xhtml\+xml)\b", re.I)
WEIGHT = re.compile(r"[0-9]+\.?[0-9]*|\.[0-9]+")
PART = re.compile(r"(image|font|audio|video|text/css|application/manifest)", re.I)


async def answer_own_page(exchange: Exchange, page: str) -> None:
    """Answer with one of the pages, in the form that is of use to who asks."""
    request = exchange.request
    status, fields, body = own_page(
        page, request.method, request.target, exchange.host, request.fields
    )
    await exchange.reply(status, body, fields)


def own_page(
    page: str, method: bytes, target: bytes, host: bytes, asked: Fields
) -> tuple[int, Fields, bytes]:
    """Return status, fields and body of a page; `asked` are the fields of the request."""
    own = _OWN["pages"][page]
    headers = {**_OWN["headers"], "Glosson-Page": page}
    if "retryAfterS" in own:
        headers["Retry-After"] = str(own["retryAfterS"])
    form = "page" if own["status"] == 200 else form_for(method, asked)
    if form == "page":
        language = language_of(_text(asked, b"accept-language") or "")
        headers["Content-Type"] = "text/html; charset=UTF-8"
        headers["Content-Language"] = language
        sends = method not in (b"GET", b"HEAD") and "retryAfterS" in own
        body = _filled(own["html"][f"{language}-sent" if sends else language], target, host)
    elif form == "part":
        headers["Content-Type"] = "text/plain; charset=UTF-8"
        body = f"{own['text']}\n"
    else:
        headers["Content-Type"] = "application/problem+json"
        body = json.dumps(_problem(page, own), separators=(",", ":"))
    fields = [(name.encode(), value.encode()) for name, value in headers.items()]
    return own["status"], fields, body.encode()


def form_for(method: bytes, asked: Fields) -> str:
    """Tell who asks by what they can use: `page`, `problem`, or `part` of a page."""
    destination = (_text(asked, b"sec-fetch-dest") or "").lower()
    accepted = (_text(asked, b"accept") or "").strip() or "*/*"
    shown = destination in SHOWN if destination else PAGE.search(accepted) is not None
    if shown or _text(asked, b"sec-fetch-mode") == "navigate":
        return "page"
    if _text(asked, b"service-worker") is not None:
        return "part"
    if destination:
        return "problem" if destination == "empty" else "part"
    if PART.match(accepted):
        return "part"
    reads = method in (b"GET", b"HEAD")
    return "page" if reads and accepted.startswith("*/*") else "problem"


def language_of(accepted: str) -> str:
    """Return the language that suits best, by `Accept-Language` (RFC 9110 section 12.5.4)."""
    best, most = "en", 0.0
    for member in accepted.split(","):
        name, *parameters = (part.strip().lower() for part in member.split(";"))
        weight = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        language = name.partition("-")[0]
        if language in ("en", "de") and WEIGHT.fullmatch(weight) and float(weight) > most:
            best, most = language, float(weight)
    return best


def _filled(page: str, target: bytes, host: bytes) -> str:
    # All of the path but its last segment is left out, so that the address cannot lead elsewhere.
    path, question, query = target.decode("latin-1").partition("?")
    name, colon, port = host.decode("latin-1").partition(":")
    words = {
        "address": html.escape(f"./{path.rpartition('/')[2]}{question}{query}"),
        "hostname": html.escape(name),
        "hostname-in-parts": html.escape(name).replace(".", ".<wbr/>"),
        "relay": html.escape(name.partition(".")[2] + colon + port),
        **_OWN["parts"],
    }
    # At once: what a visitor wrote is not looked through for further ones.
    return re.sub(r"\{\{([a-z-]+)\}\}", lambda found: words[found[1]], page)


def _problem(page: str, own: dict[str, Any]) -> dict[str, Any]:
    again = f" Try again in {own['retryAfterS']} seconds." if "retryAfterS" in own else ""
    return {
        "type": f"urn:glosson:problem:{page}",
        "title": own["text"],
        "status": own["status"],
        "detail": own["text"] + again,
        "error": own["text"],
    }


def _text(fields: Fields, name: bytes) -> str | None:
    found = values(fields, name)
    return b", ".join(found).decode("latin-1") if found else None
