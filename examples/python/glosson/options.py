"""What each command can be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union
from urllib.parse import SplitResult

from .relay_address import RelayAddress
from .upstream import Upstream


@dataclass(frozen=True)
class SetupOptions:
    """`glosson setup`; what is None is asked for."""

    username: str | None
    relay: RelayAddress | None
    ca: str | None
    bio_file: str | None
    key_type: str
    also: tuple[str, ...] | None  # None: as it is
    force: bool
    state: str | None


@dataclass(frozen=True)
class RunOptions:
    """`glosson run`."""

    upstream: Upstream | None
    dir: str | None
    tls_upstream: Upstream | None
    proxy_protocol: bool
    also: tuple[str, ...] | None  # None: as it is
    data_over: str
    pool: int
    max_visitors: int
    app_silence: int
    visitor_silence: int
    verbose: bool
    log_file: str | None
    state: str | None


@dataclass(frozen=True)
class InstallOptions:
    """`glosson install`; the arguments are those of `run`, but for its folder."""

    run_args: tuple[str, ...]
    state: str | None


@dataclass(frozen=True)
class UninstallOptions:
    """`glosson uninstall`."""

    state: str | None


@dataclass(frozen=True)
class LogsOptions:
    """`glosson logs`."""

    lines: int
    state: str | None


@dataclass(frozen=True)
class StatusOptions:
    """`glosson status`."""

    json: bool
    state: str | None


@dataclass(frozen=True)
class PreferencesOptions:
    """`glosson away` and `privacy`: what changes, in the words of PROTOCOL."""

    change: dict[str, object]
    state: str | None


@dataclass(frozen=True)
class RenameOptions:
    """`glosson rename`."""

    username: str
    bio_file: str | None
    yes: bool
    state: str | None


@dataclass(frozen=True)
class VerifyOptions:
    """`glosson verify`."""

    page: RelayAddress
    key: str  # fingerprint that it has to have
    alpn: str | None  # what has to be agreed on; None: anything
    address: str | None  # where to connect, in place of what the name resolves to
    ca: str | None
    state: str | None  # every command takes it


@dataclass(frozen=True)
class WatchCtOptions:
    """`glosson watch-ct`."""

    service: SplitResult
    state: str | None


@dataclass(frozen=True)
class AcmeOptions:
    """Which ACME account of the user's own is meant."""

    acme: str | None  # directory of its server; None: the one that there is, or Let's Encrypt
    acme_ca: str | None  # file with further authorities to trust for it
    email: str | None  # where the authority may write to
    agree_terms: bool


@dataclass(frozen=True)
class DomainOptions:
    """`glosson domain`."""

    action: str  # add, list or remove
    domain: str | None  # None with list
    acme: AcmeOptions  # of add
    state: str | None


@dataclass(frozen=True)
class CaaOptions:
    """`glosson caa`."""

    who: str | None  # relay, own or off; None: it is only told
    account: str | None  # of own: another program's; None: this one orders, with one of its own
    authority: str | None  # its name in CAA records; None: as it tells it
    acme: AcmeOptions  # of own
    state: str | None


@dataclass(frozen=True)
class ReleaseOptions:
    """`glosson release`."""

    yes: bool
    state: str | None


Options = Union[
    SetupOptions,
    RunOptions,
    InstallOptions,
    UninstallOptions,
    LogsOptions,
    StatusOptions,
    PreferencesOptions,
    VerifyOptions,
    WatchCtOptions,
    DomainOptions,
    CaaOptions,
    RenameOptions,
    ReleaseOptions,
]
