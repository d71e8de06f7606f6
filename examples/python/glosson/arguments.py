"""Command lines: words in, options out."""

from __future__ import annotations

import argparse
import re
from typing import Any

from . import __version__
from .identity import KEY_TYPES
from .options import (
    InstallOptions,
    LogsOptions,
    Options,
    ReleaseOptions,
    RunOptions,
    SetupOptions,
    StatusOptions,
    UninstallOptions,
)
from .relay_address import read_relay_address
from .run_arguments import INSTALL, RUN, STYLE, add_run, checked, number
from .upstream import read_upstream

# PROTOCOL: a lower-case DNS label of 2 to 63 characters, no punycode.
USERNAME = re.compile(r"(?!..--)[a-z0-9][a-z0-9-]{0,61}[a-z0-9]")


DEFAULT_RELAY = "https://glosson.kaylee.wtf"

OVERVIEW = """\
Shows a page of yours, from your own computer, under a name at a relay.

The encryption of your page ends in this program: the relay passes bytes that it cannot read. The
private key and the token that prove the name is yours are kept in the state folder:
  --state DIR, or the variable GLOSSON_STATE, or $XDG_CONFIG_HOME/glosson, or ~/.config/glosson
"""

NO_LOG_FILE = (
    "--log-file is for a run that you start: an installed one writes to the state folder, see logs"
)

SETUP = """\
Claims NAME at a relay and gets a certificate for it; asks for what is not given.

You are given a code to put into the bio of your profile NAME. The relay looks for it there, and
when it is found the name is yours; the code can be removed then. Setting up a name again the same
way replaces a lost token. Interrupted, it goes on where it was when it is started again.
"""


def parse(args: list[str]) -> Options:
    """Read a command line; ends the program with help (0) or what is wrong (2)."""
    parser = argparse.ArgumentParser("python -m glosson", description=OVERVIEW, **STYLE)
    parser.add_argument("-V", "--version", action="version", version=f"glosson {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_setup(commands)
    add_run(commands, "run", "be online", RUN)
    add_run(commands, "install", "be online from now on, by what this system has", INSTALL)
    _add_short(commands)
    for command in commands.choices.values():
        command.add_argument("--state", metavar="DIR", help="the state folder")
    told = vars(parser.parse_args(args or ["--help"]))
    chosen = told.pop("command")
    if chosen == "setup":
        return SetupOptions(**told)
    if chosen in ("uninstall", "logs"):
        return UninstallOptions(**told) if chosen == "uninstall" else LogsOptions(**told)
    if chosen in ("run", "install"):
        names = ("upstream", "app_host", "upstream_ca", "insecure_upstream")
        upstream, *of_app = (told.pop(name) for name in names)
        try:
            app = None if upstream is None else read_upstream(upstream, *of_app)
        except (ValueError, OSError) as error:
            commands.choices[chosen].error(str(error))
        if chosen == "install":
            if told["log_file"] is not None:
                commands.choices[chosen].error(NO_LOG_FILE)
            return InstallOptions(tuple(_without_state(args[1:])), told["state"])
        return RunOptions(upstream=app, **told)
    return StatusOptions(**told) if chosen == "status" else ReleaseOptions(**told)


def _add_setup(commands: Any) -> None:
    setup = commands.add_parser(
        "setup", help="claim a name and get its certificate; once", description=SETUP, **STYLE
    )
    add = setup.add_argument
    add(
        "username",
        nargs="?",
        metavar="NAME",
        type=checked(_username),
        help="asked for if not given",
    )
    add("--relay", metavar="URL", type=checked(read_relay_address), help=f"such as {DEFAULT_RELAY}")
    add("--ca", metavar="FILE", help="trust the authorities in this PEM file too, for this relay")
    add("--key-type", choices=KEY_TYPES, default="ecdsa", help="rsa for visitors with old software")
    add("--force", "--yes", "-y", action="store_true", help="replace what is there without asking")
    add("--bio-file", metavar="FILE", help="write the code into FILE, for trials on one computer")


def _without_state(args: list[str]) -> list[str]:
    """Leave the state folder out: an installed run is told where it is in full."""
    kept: list[str] = []
    for at, word in enumerate(args):
        if (at and args[at - 1] == "--state") or word == "--state" or word.startswith("--state="):
            continue
        kept.append(word)
    return kept


def _add_short(commands: Any) -> None:
    status = commands.add_parser("status", help="tell how things stand", **STYLE)
    status.add_argument("--json", action="store_true", help="for programs")
    commands.add_parser("uninstall", help="end what install began", **STYLE)
    logs = commands.add_parser("logs", help="tell what an installed run said last", **STYLE)
    logs.add_argument("-n", "--lines", **number(1, 100_000, 20), help="how many (default 20)")
    release = commands.add_parser("release", help="give the name back to the relay", **STYLE)
    release.add_argument("-y", "--yes", action="store_true", help="do not ask whether to")


def _username(text: str) -> str:
    if not USERNAME.fullmatch(text):
        raise ValueError(f'"{text}" cannot be a name: 2 to 63 of a-z, 0-9 and "-", not at an end')
    return text
