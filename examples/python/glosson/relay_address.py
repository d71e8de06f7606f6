"""Addresses of a relay: as they are typed, as they are dialled, and which may be dialled."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

# Besides mapped, 6to4 and Teredo: IPv4-compatible and translated addresses, NAT64 of both kinds.
ENDING_IN_IPV4 = [
    ipaddress.IPv6Network(block)
    for block in ("::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48")
]


MAX_HOST = 255
HOST = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?")


@dataclass(frozen=True)
class RelayAddress:
    """Where a relay's HTTPS interface is."""

    host: str
    port: int

    @property
    def authority(self) -> str:
        """Host, and port where it is not 443."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == 443 else f"{host}:{self.port}"

    def __str__(self) -> str:
        """Return the URL in the form that the state folder holds it in."""
        return f"https://{self.authority}/"

    def below(self, label: str) -> RelayAddress:
        """Return the address of a name below this one."""
        return RelayAddress(f"{label}.{self.host}", self.port)


def read_relay_address(text: str) -> RelayAddress:
    """Read an address as a person types it: `https` may be left out, a path may not be given."""
    try:
        url = urlsplit(text if "://" in text else f"https://{text}")
        host, port = url.hostname, url.port or 443
    except ValueError:
        host = None
    if not host or any(ord(letter) <= 0x20 for letter in text):
        raise ValueError(f'Cannot read relay address: "{text}" is no URL')
    if url.scheme != "https":
        raise ValueError(
            f"Cannot use relay address {text}: it must begin with https://, "
            "the token would travel in the open"
        )
    if url.path not in ("", "/") or url.query or url.fragment or url.username is not None:
        raise ValueError(f"Cannot use relay address {text}: it is a host and port only")
    return RelayAddress(host, port)


def is_host(text: str) -> bool:
    """Whether a text is a host name or an IP address, fit for a URL and a page."""
    try:
        return ipaddress.ip_address(text) is not None
    except ValueError:
        return len(text) <= MAX_HOST and HOST.fullmatch(text) is not None


def connect_host(host: str) -> str:
    """Return what to resolve for a host.

    Every `*.localhost` is this computer (RFC 6761), but not every system's resolver knows it.
    """
    name = host.lower().rstrip(".")
    return "127.0.0.1" if name == "localhost" or name.endswith(".localhost") else host


def is_private(address: str) -> bool:
    """Whether an IP address is on this computer or in a network of somebody's own.

    An IPv6 form of an IPv4 address leads where that one leads.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    inner = _embedded(ip) if isinstance(ip, ipaddress.IPv6Address) else []
    if inner:
        return any(is_private(str(each)) for each in inner)
    if ip.packed[9:12] == b"\0\x5e\xfe" and is_private(str(ipaddress.IPv4Address(ip.packed[12:]))):
        return True  # ISATAP: a network's own way to an IPv4 address
    return not ip.is_global or ip.is_multicast


def _embedded(ip: ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    """Return the IPv4 addresses that an IPv6 one is nothing but another form of."""
    found = [each for each in (ip.ipv4_mapped, ip.sixtofour) if each is not None]
    found += ip.teredo or ()
    if any(ip in block for block in ENDING_IN_IPV4):
        found.append(ipaddress.IPv4Address(ip.packed[12:]))
    return found


def may_dial(address: str, relay_ip: str) -> bool:
    """Whether the relay at `relay_ip` may send this client to an address.

    A relay elsewhere must not be able to make connections within the user's own network.
    """
    return is_private(relay_ip) or not is_private(address)
