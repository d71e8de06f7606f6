"""Domains that a person brings."""

from __future__ import annotations

import ipaddress
import re

MAX_LABELS, MAX_CHARACTERS = 10, 244  # what a relay takes

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def read_domain(text: str) -> str:
    """Read a host name of two labels or more, in lower case without a dot at its end.

    Raises ValueError with what is wrong, and the fix.
    """
    domain = text[: -text.endswith(".") or None].lower()
    labels = domain.split(".")
    if not domain.isascii():
        try:
            fix = domain.encode("idna").decode()
        except UnicodeError:
            fix = "its xn-- form"
        raise ValueError(f'"{text}": Write the domain as it stands in the DNS: {fix}')
    if "*" in labels:
        why = "A wildcard cannot be routed to you; add each of its names by itself"
    elif labels[-1].isdigit() or _is_address(domain):
        why = "An IP address is no domain; name one such as blog.example.org"
    elif not all(map(_LABEL.fullmatch, labels)):
        why = "That is no domain; name one such as blog.example.org, without https:// and path"
    elif len(labels) < 2:
        why = "A domain has two labels or more, as blog.example.org has"
    elif len(labels) > MAX_LABELS or len(domain) > MAX_CHARACTERS:
        why = f"A domain has at most {MAX_LABELS} labels and {MAX_CHARACTERS} characters here"
    else:
        return domain
    raise ValueError(f'"{text}": {why}')


def is_domain(text: str) -> bool:
    """Tell whether it is one as it stands in the DNS, and so may name a file."""
    try:
        return read_domain(text) == text
    except ValueError:
        return False


def _is_address(text: str) -> bool:
    try:
        return ipaddress.ip_address(text) is not None
    except ValueError:
        return False
