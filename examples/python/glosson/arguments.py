"""Command lines: words in, options out."""

from __future__ import annotations

import argparse
import re
from typing import Any, Callable, TypeVar

from . import __version__
from .data_transports import AUTO, TRANSPORTS
from .front import SILENCE_S
from .identity import KEY_TYPES
from .messages import MAX_POOL
from .options import Options, ReleaseOptions, RunOptions, SetupOptions, StatusOptions
from .relay_address import read_relay_address
from .upstream import VISITOR, read_upstream

# PROTOCOL: a lower-case DNS label of 2 to 63 characters, no punycode.
USERNAME = re.compile(r"(?!..--)[a-z0-9][a-z0-9-]{0,61}[a-z0-9]")

T = TypeVar("T")

DEFAULT_RELAY = "https://glosson.kaylee.wtf"
DEFAULT_POOL = 16
DEFAULT_MAX_VISITORS, MAX_MAX_VISITORS = 256, 4096
DEFAULT_APP_SILENCE_S = 120

APP_HOST = (
    "what the app gets as Host: visitor (default), as the visitor sent it; app, its own address, "
    "for apps that answer to no other; or a name"
)

OVERVIEW = """\
Shows a page of yours, from your own computer, under a name at a relay.

The encryption of your page ends in this program: the relay passes bytes that it cannot read. The
private key and the token that prove the name is yours are kept in the state folder:
  --state DIR, or the variable GLOSSON_STATE, or $XDG_CONFIG_HOME/glosson, or ~/.config/glosson
"""

SETUP = """\
Claims NAME at a relay and gets a certificate for it; asks for what is not given.

You are given a code to put into the bio of your profile NAME. The relay looks for it there, and
when it is found the name is yours; the code can be removed then. Setting up a name again the same
way replaces a lost token. Interrupted, it goes on where it was when it is started again.
"""

RUN = """\
Goes online and stays there: reconnects after losses and renews the certificate.

Without --upstream and --dir visitors see a small page that says you are online. Ctrl-C (or
SIGTERM, or the end of its terminal) lets open answers finish for a few seconds; pressed again it
ends at once.
"""


def parse(args: list[str]) -> Options:
    """Read a command line; ends the program with help (0) or what is wrong (2)."""
    parser = argparse.ArgumentParser("python -m glosson", description=OVERVIEW, **_STYLE)
    parser.add_argument("-V", "--version", action="version", version=f"glosson {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_setup(commands)
    run = _add_run(commands)
    _add_short(commands)
    for command in commands.choices.values():
        command.add_argument("--state", metavar="DIR", help="the state folder")
    told = vars(parser.parse_args(args or ["--help"]))
    chosen = told.pop("command")
    if chosen == "setup":
        return SetupOptions(**told)
    if chosen == "run":
        names = ("upstream", "app_host", "upstream_ca", "insecure_upstream")
        upstream, *of_app = (told.pop(name) for name in names)
        try:
            app = None if upstream is None else read_upstream(upstream, *of_app)
        except (ValueError, OSError) as error:
            run.error(str(error))
        return RunOptions(upstream=app, **told)
    return StatusOptions(**told) if chosen == "status" else ReleaseOptions(**told)


_STYLE: Any = {"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False}


def _add_setup(commands: Any) -> None:
    setup = commands.add_parser(
        "setup", help="claim a name and get its certificate; once", description=SETUP, **_STYLE
    )
    add = setup.add_argument
    add(
        "username",
        nargs="?",
        metavar="NAME",
        type=_checked(_username),
        help="asked for if not given",
    )
    add(
        "--relay", metavar="URL", type=_checked(read_relay_address), help=f"such as {DEFAULT_RELAY}"
    )
    add("--ca", metavar="FILE", help="trust the authorities in this PEM file too, for this relay")
    add("--key-type", choices=KEY_TYPES, default="ecdsa", help="rsa for visitors with old software")
    add("--force", "--yes", "-y", action="store_true", help="replace what is there without asking")
    add("--bio-file", metavar="FILE", help="write the code into FILE, for trials on one computer")


def _add_run(commands: Any) -> argparse.ArgumentParser:
    run: argparse.ArgumentParser = commands.add_parser(
        "run", help="be online", description=RUN, **_STYLE
    )
    site = run.add_mutually_exclusive_group()
    site.add_argument("--upstream", metavar="URL", help="show a web app, such as localhost:8000")
    site.add_argument("--dir", metavar="DIR", help="show the files in DIR, index.html for a folder")
    add = run.add_argument
    add("--app-host", metavar="HOST", default=VISITOR, help=APP_HOST)
    add("--upstream-ca", metavar="FILE", help="trust the authorities in FILE for an https app")
    add("--insecure-upstream", action="store_true", help="take any certificate of an https app")
    add(
        "--app-silence",
        **_number(1, 86400, DEFAULT_APP_SILENCE_S),
        help="seconds that the app may be silent before its answer (default %(default)s)",
    )
    add(
        "--visitor-silence",
        **_number(1, 86400, int(SILENCE_S)),
        help="seconds that a visitor may be silent within and between requests "
        "(default %(default)s)",
    )
    add(
        "--data-over",
        choices=(AUTO, *TRANSPORTS),
        default=AUTO,
        help="what carries visitors from the relay: tcp, to its data port; websocket, to its own "
        "port; auto (default), the first that works in this network",
    )
    add(
        "--pool",
        **_number(0, MAX_POOL, DEFAULT_POOL),
        help="most connections kept ready at the relay, 0 to 64 (default %(default)s)",
    )
    add(
        "--max-visitors",
        **_number(1, MAX_MAX_VISITORS, DEFAULT_MAX_VISITORS),
        help="most visitor connections at once (default %(default)s)",
    )
    add("-v", "--verbose", action="store_true", help="tell about every request")
    return run


def _add_short(commands: Any) -> None:
    status = commands.add_parser("status", help="tell how things stand", **_STYLE)
    status.add_argument("--json", action="store_true", help="for programs")
    release = commands.add_parser("release", help="give the name back to the relay", **_STYLE)
    release.add_argument("-y", "--yes", action="store_true", help="do not ask whether to")


def _number(least: int, most: int, default: int) -> dict[str, Any]:
    def read(text: str) -> int:
        if not re.fullmatch(r"\d{1,9}", text) or not least <= int(text) <= most:
            raise ValueError(f'a number from {least} to {most}, not "{text}"')
        return int(text)

    return {"type": _checked(read), "default": default, "metavar": "N"}


def _checked(read: Callable[[str], T]) -> Callable[[str], T]:
    """Have argparse say what a reader raises."""

    def checked(text: str) -> T:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return checked


def _username(text: str) -> str:
    if not USERNAME.fullmatch(text):
        raise ValueError(f'"{text}" cannot be a name: 2 to 63 of a-z, 0-9 and "-", not at an end')
    return text
