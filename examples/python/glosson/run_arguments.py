"""Command lines of `run`, and what the others share with it."""

from __future__ import annotations

import argparse
import re
from typing import Any, Callable, NoReturn, TypeVar

from .also import read_also, read_label
from .data_transports import AUTO, TRANSPORTS
from .messages import MAX_POOL
from .options import RunOptions
from .upstream import VISITOR, Upstream, read_upstream
from .visitor_limits import SILENCE_S

T = TypeVar("T")

DEFAULT_POOL = 16
DEFAULT_MAX_VISITORS, MAX_MAX_VISITORS = 256, 4096
DEFAULT_APP_SILENCE_S = 120

APP_HOST = (
    "what the app gets as Host: visitor (default), as the visitor sent it; app, its own address, "
    "for apps that answer to no other; or a name"
)

TLS_UPSTREAM = (
    "a TLS server of yours, such as Caddy or nginx, that gets visitors' connections as they are: "
    "8443, localhost:8443 or unix:/path; key and chain are in identity.pem of the state folder"
)
PROXY_PROTOCOL = (
    "with the visitor's address before them, by the PROXY protocol (version 2), for --tls-upstream"
)

# What says nothing without --upstream.
OF_APP = ("app_host", "upstream_ca", "insecure_upstream", "app_silence")

RUN = """\
Goes online and stays there: reconnects after losses and renews the certificate.

Without --upstream, --dir and --tls-upstream visitors see a small page that says you are online.
Ctrl-C (or SIGTERM, or the end of its terminal) lets open answers finish for a few seconds; pressed
again it ends at once.
"""


INSTALL = """\
Has this computer be online from now on, by what keeps programs running on it.

That is systemd for its user, launchd on macOS, the task scheduler on Windows, else cron. It starts
run again when that failed, but not when another computer took the name over, the token is void,
the name is blocked or given back, or the command line is wrong.
"""


STYLE: Any = {"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False}


def add_run(commands: Any, name: str, hint: str, description: str) -> None:
    """Add a command that takes the options of `run`."""
    run = commands.add_parser(name, help=hint, description=description, **STYLE)
    site = run.add_mutually_exclusive_group()
    site.add_argument("--upstream", metavar="URL", help="show a web app, such as localhost:8000")
    site.add_argument("--dir", metavar="DIR", help="show the files in DIR, index.html for a folder")
    site.add_argument("--tls-upstream", metavar="SERVER", help=TLS_UPSTREAM)
    add = run.add_argument
    add_also(run, "be at LABEL.NAME.BASE, too, from now on; may be given up to 10 times")
    add("--no-also", action="store_true", help="no more of that")
    add("--proxy-protocol", action="store_true", help=PROXY_PROTOCOL)
    add("--app-host", metavar="HOST", help=APP_HOST)
    add("--upstream-ca", metavar="FILE", help="trust the authorities in FILE for an https app")
    add("--insecure-upstream", action="store_true", help="take any certificate of an https app")
    add(
        "--app-silence",
        **number(1, 86400, None),
        help="seconds that the app may be silent before its answer "
        f"(default {DEFAULT_APP_SILENCE_S})",
    )
    add(
        "--visitor-silence",
        **number(1, 86400, None),
        help="seconds that a visitor may be silent within and between requests "
        f"(default {SILENCE_S:g})",
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
        **number(0, MAX_POOL, DEFAULT_POOL),
        help="most connections kept ready at the relay, 0 to 64 (default %(default)s)",
    )
    add(
        "--max-visitors",
        **number(1, MAX_MAX_VISITORS, DEFAULT_MAX_VISITORS),
        help="most visitor connections at once (default %(default)s)",
    )
    add("-v", "--verbose", action="store_true", help="tell about every request")
    log_file = "append what is told to FILE, a megabyte at most"
    add("--log-file", metavar="FILE", help=log_file if name == "run" else argparse.SUPPRESS)


def add_also(command: Any, hint: str) -> None:
    """Add the option that says which names below its own the page has."""
    command.add_argument(
        "--also", metavar="LABEL", action="append", type=checked(read_label), help=hint
    )


def run_options(told: dict[str, Any], error: Callable[[str], NoReturn]) -> RunOptions:
    """Read what was told to `run` or `install`; `error` ends the program."""
    for name in OF_APP:
        if told[name] not in (None, False) and told["upstream"] is None:
            error(f"--{name.replace('_', '-')} is about the app of --upstream, and there is none")
    if told["proxy_protocol"] and told["tls_upstream"] is None:
        error("--proxy-protocol is about the server of --tls-upstream, and there is none")
    if told["visitor_silence"] is not None and told["tls_upstream"] is not None:
        error("--visitor-silence is for your server to say with --tls-upstream")
    if told.pop("no_also"):
        if told["also"] is not None:
            error("--also and --no-also exclude each other")
        told["also"] = []
    host, ca, insecure = (told.pop(name) for name in OF_APP[:3])
    try:
        app = told["upstream"]
        if app is not None:
            told["upstream"] = read_upstream(app, host or VISITOR, ca, insecure)
        told["tls_upstream"] = _tls_server(told["tls_upstream"])
        told["also"] = read_also(told["also"])
    except ValueError as wrong:
        error(str(wrong))
    told["app_silence"] = told["app_silence"] or DEFAULT_APP_SILENCE_S
    told["visitor_silence"] = told["visitor_silence"] or int(SILENCE_S)
    return RunOptions(**told)


def _tls_server(text: str | None) -> Upstream | None:
    if text is None:
        return None
    # No URL, since what visitors send is passed to it as it is.
    if re.fullmatch(r"\d+|[^/]+:\d+|unix:/.+", text):
        try:
            return read_upstream(text)
        except ValueError:
            pass
    raise ValueError("--tls-upstream is HOST:PORT or unix:PATH, and nothing else")


def number(least: int, most: int, default: int | None) -> dict[str, Any]:
    """Return what argparse takes for a number within bounds."""

    def read(text: str) -> int:
        if not re.fullmatch(r"\d{1,9}", text) or not least <= int(text) <= most:
            raise ValueError(f'a number from {least} to {most}, not "{text}"')
        return int(text)

    return {"type": checked(read), "default": default, "metavar": "N"}


def checked(read: Callable[[str], T]) -> Callable[[str], T]:
    """Have argparse say what a reader raises."""

    def read_checked(text: str) -> T:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read_checked
