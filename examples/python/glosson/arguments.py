"""Command lines: words in, options out."""

from __future__ import annotations

import argparse
import sys
from typing import Any, Callable

from . import __version__
from .account_arguments import add_account_commands, away_options, privacy_options
from .also import read_also
from .check_arguments import add_check_commands
from .identity import KEY_TYPES
from .line_writer import complain
from .names_arguments import add_name_commands, caa_options, domain_options
from .options import (
    InstallOptions,
    LogsOptions,
    Options,
    ReleaseOptions,
    RenameOptions,
    SetupOptions,
    StatusOptions,
    UninstallOptions,
    VerifyOptions,
    WatchCtOptions,
)
from .relay_address import read_relay_address
from .run_arguments import INSTALL, RUN, STYLE, add_also, add_run, checked, number, run_options
from .terminal import say
from .username import read_username

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

# What each command takes whose words need no reading.
PLAIN: dict[str, Callable[..., Options]] = {
    "setup": SetupOptions,
    "uninstall": UninstallOptions,
    "logs": LogsOptions,
    "status": StatusOptions,
    "verify": VerifyOptions,
    "watch-ct": WatchCtOptions,
    "rename": RenameOptions,
    "release": ReleaseOptions,
}

# And of those that are read by more than argparse.
READ: dict[str, Callable[..., Options]] = {
    "away": away_options,
    "privacy": privacy_options,
    "domain": domain_options,
    "caa": caa_options,
}


class _Parser(argparse.ArgumentParser):
    """A reader of command lines whose help is said as all else is.

    By itself it drops why a write failed from Python 3.11.5 on, and raises it before.
    """

    def _print_message(self, message: str, file: Any = None) -> None:
        if file is sys.stdout:
            say(message.rstrip("\n"))
        else:
            complain(message)


def parse(args: list[str]) -> Options:
    """Read a command line; ends the program with help (0) or what is wrong (2)."""
    parser = _Parser("python -m glosson", description=OVERVIEW, **STYLE)
    parser.add_argument("-V", "--version", action="version", version=f"glosson {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_setup(commands)
    add_run(commands, "run", "be online", RUN)
    add_run(commands, "install", "be online from now on, by what this system has", INSTALL)
    _add_short(commands)
    add_check_commands(commands)
    add_name_commands(commands)
    add_account_commands(commands)
    for command in commands.choices.values():
        command.add_argument("--state", metavar="DIR", help="the state folder")
    told = vars(parser.parse_args(args or ["--help"]))
    chosen = told.pop("command")
    error = commands.choices[chosen].error
    if chosen == "setup":
        try:
            told["also"] = read_also(told["also"])
        except ValueError as wrong:
            error(str(wrong))
    if chosen in PLAIN:
        return PLAIN[chosen](**told)
    if chosen in READ:
        return READ[chosen](told, error)
    options = run_options(told, error)
    if chosen == "run":
        return options
    if options.log_file is not None:
        error(NO_LOG_FILE)
    return InstallOptions(tuple(_without_state(args[1:])), options.state)


def _add_setup(commands: Any) -> None:
    setup = commands.add_parser(
        "setup", help="claim a name and get its certificate; once", description=SETUP, **STYLE
    )
    add = setup.add_argument
    add(
        "username",
        nargs="?",
        metavar="NAME",
        type=checked(read_username),
        help="asked for if not given",
    )
    add("--relay", metavar="URL", type=checked(read_relay_address), help=f"such as {DEFAULT_RELAY}")
    add("--ca", metavar="FILE", help="trust the authorities in this PEM file too, for this relay")
    add("--key-type", choices=KEY_TYPES, default="ecdsa", help="rsa for visitors with old software")
    add_also(setup, "have LABEL.NAME.BASE in the certificate as well; may be given up to 10 times")
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
