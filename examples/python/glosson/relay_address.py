"""Addresses of a relay: as they are typed, as they are dialled, and which may be dialled."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit


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


def connect_host(host: str) -> str:
    """Return what to resolve for a host.

    Every `*.localhost` is this computer (RFC 6761), but not every system's resolver knows it.
    """
    name = host.lower().rstrip(".")
    return "127.0.0.1" if name == "localhost" or name.endswith(".localhost") else host


def is_private(address: str) -> bool:
    """Whether an IP address is on this computer or in a network of somebody's own."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return not ip.is_global or ip.is_multicast


def may_dial(address: str, relay_ip: str) -> bool:
    """Whether the relay at `relay_ip` may send this client to an address.

    A relay elsewhere must not be able to make connections within the user's own network.
    """
    return is_private(relay_ip) or not is_private(address)
