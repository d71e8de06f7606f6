"""Command lines of what changes the account: `away`, `privacy`, `rename` and `release`."""

from __future__ import annotations

from typing import Any, Callable, NoReturn

from .options import PreferencesOptions
from .run_arguments import STYLE, checked
from .username import read_username

AWAY = """\
Tells visitors something while you are away, on the relay's page for your name.

TEXT has at most 280 characters.
"""

PRIVACY = """\
Chooses what visitors see while you are away.

  last-seen on|off              whether the relay's page says when you were last online
  offline-page full|plain|none  full: a page with that and your text (away); plain: a page without
                                them; none: no page at all, the visitor's browser says that there
                                is no such site
"""

RENAME = """\
Claims another name at the same relay, and gives the one that you have back.

As with setup you are given a code, for the bio of your profile NEW. The name that you have is given
back once NEW has its certificate; interrupted, the same again goes on. Stop run first.
"""

# Words of `privacy`, and what each changes.
CHOICES: dict[str, dict[str, dict[str, object]]] = {
    "last-seen": {"on": {"lastSeen": True}, "off": {"lastSeen": False}},
    "offline-page": {word: {"offlinePage": word} for word in ("full", "plain", "none")},
}


def add_account_commands(commands: Any) -> None:
    """Add these commands."""
    hint = "tell visitors something while you are away"
    away = commands.add_parser("away", help=hint, description=AWAY, **STYLE)
    away.add_argument("text", nargs="?", metavar="TEXT", help="in quotation marks")
    away.add_argument("--clear", action="store_true", help="tell them nothing any more")
    hint = "choose what visitors see while you are away"
    privacy = commands.add_parser("privacy", help=hint, description=PRIVACY, **STYLE)
    privacy.add_argument("what", nargs="?", metavar="WHAT", help=_listed(CHOICES))
    privacy.add_argument("word", nargs="?", metavar="VALUE")
    hint = "claim another name and give the one up that you have"
    rename = commands.add_parser("rename", help=hint, description=RENAME, **STYLE)
    rename.add_argument("username", metavar="NEW", type=checked(read_username))
    bio_file = "write the code into FILE, for trials on one computer"
    rename.add_argument("--bio-file", metavar="FILE", help=bio_file)
    release = commands.add_parser("release", help="give the name back to the relay", **STYLE)
    for command in (rename, release):
        command.add_argument("-y", "--yes", action="store_true", help="do not ask whether to")


def away_options(told: dict[str, Any], error: Callable[[str], NoReturn]) -> PreferencesOptions:
    """Read what was told to `away`; `error` ends the program."""
    if (told["text"] is None) != told["clear"]:
        error('away needs either a "text" in quotation marks or --clear')
    return PreferencesOptions({"away": told["text"]}, told["state"])


def privacy_options(told: dict[str, Any], error: Callable[[str], NoReturn]) -> PreferencesOptions:
    """Read what was told to `privacy`; `error` ends the program."""
    words = CHOICES.get(told["what"])
    if words is None:
        error(f"privacy is about {_listed(CHOICES)}")
    if told["word"] not in words:
        error(f"privacy {told['what']} is {_listed(words)}")
    return PreferencesOptions(words[told["word"]], told["state"])


def _listed(words: dict[str, Any]) -> str:
    return " or ".join(words)
