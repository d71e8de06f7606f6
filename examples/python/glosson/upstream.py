"""Where the web app is, and connections to it."""

from __future__ import annotations

import ipaddress
import re
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from .app_host import AppHost
from .connection import Stream, dial, dial_unix
from .limit import Limit
from .read_pem import read_pem
from .relay_address import connect_host
from .tls import TlsStream

CONNECT_S = 10.0

VISITOR, APP = "visitor", "app"  # what the app may be told as `Host`, besides any other name

# What a resolver takes for an address of IPv4, which few would expect unless it has four numbers.
_NUMBERS = re.compile(r"(?:[^:]*\.)?(?:0x[\da-f]*|\d+)\.?", re.IGNORECASE)

_FORMS = "such as 8000, localhost:8000, http://127.0.0.1:8000, https://... or unix:/path"


@dataclass(frozen=True)
class Upstream:
    """A web app's address."""

    host: str
    port: int
    path: str | None = None  # of a Unix socket
    context: ssl.SSLContext | None = None  # for an app that speaks TLS
    host_told: str = VISITOR  # what it gets as `Host`

    @property
    def authority(self) -> bytes:
        """Host and port as the app itself would write them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = self.port == (80 if self.context is None else 443)
        return (host if usual else f"{host}:{self.port}").lower().encode()

    def __str__(self) -> str:
        """Return the address for a person."""
        return f"unix:{self.path}" if self.path is not None else self.authority.decode()

    @property
    def app_host(self) -> AppHost:
        """What the app is called, by itself and towards it."""
        told = {VISITOR: None, APP: self.authority}.get(self.host_told, self.host_told.encode())
        return AppHost(b"http" if self.context is None else b"https", self.authority, told)

    async def connect(self) -> Stream:
        """Connect; OSError when nobody is there."""
        with Limit(CONNECT_S, f"no connection to {self}"):
            if self.path is not None:
                return await dial_unix(self.path)
            conn = await dial(connect_host(self.host), self.port)
            if self.context is None:
                return conn
            tls = TlsStream(conn, self.context, self.host)
            try:
                await tls.handshake()
            except BaseException:
                conn.close()
                raise
            return tls


def read_upstream(
    text: str, host_told: str = VISITOR, ca: str | None = None, insecure: bool = False
) -> Upstream:
    """Read an address as a person types it; ValueError when it is none.

    An app that speaks TLS is verified by the authorities in the file `ca`, without one by those
    of the system, and not at all when that is `insecure`. RuntimeError: the file is of no use, now.
    """
    if not re.fullmatch(r"[A-Za-z\d.:[\]-]+", host_told):
        raise ValueError(f'--app-host is visitor, app or a host name, not "{host_told}"')
    text = text.strip()
    if text.startswith("unix:/"):
        return Upstream("localhost", 80, text[len("unix:") :], host_told=host_told)
    if re.fullmatch(r"\d{1,5}", text):
        text = f"127.0.0.1:{text}"
    url = urlsplit(text if "://" in text else f"http://{text}")
    try:
        port = (443 if url.scheme == "https" else 80) if url.port is None else url.port
    except ValueError:
        port = 0
    host = url.hostname or ""
    is_none = text == "unix:" or not port or not _is_host(host)
    if url.scheme not in ("http", "https") or is_none:
        raise ValueError(f"--upstream is an address {_FORMS}, not {text}")
    if url.path not in ("", "/") or url.query or url.fragment or url.username is not None:
        raise ValueError("--upstream is a host and port only: visitors choose the path")
    context = None
    if url.scheme == "https":
        context = _context(ca)
        context.set_alpn_protocols(["http/1.1"])
        if insecure:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return Upstream(host, port, context=context, host_told=host_told)


def _context(ca: str | None) -> ssl.SSLContext:
    if ca is None:
        return ssl.create_default_context()
    what = "the authorities given with --upstream-ca"
    try:
        return ssl.create_default_context(cadata=read_pem(ca, what))
    except (ssl.SSLError, ValueError):
        raise RuntimeError(f"Cannot use {what}: {ca} has no certificate in PEM") from None


def _is_host(text: str) -> bool:
    if _NUMBERS.fullmatch(text):
        try:
            return ipaddress.IPv4Address(text.rstrip(".")) is not None
        except ValueError:
            return False
    return re.fullmatch(r"[^\s-]\S*", text) is not None
