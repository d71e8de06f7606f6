"""What each command can be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

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
    RenameOptions,
    ReleaseOptions,
]
