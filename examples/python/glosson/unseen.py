"""Characters that show nothing and do something: to a terminal, a log, or whoever reads them."""

from __future__ import annotations

import logging
import unicodedata

# Controls (they move the cursor), formats (they turn text around), surrogates, separators.
CATEGORIES = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def is_unseen(character: str) -> bool:
    """Whether it is such a character."""
    return unicodedata.category(character) in CATEGORIES


def has_unseen(text: str) -> bool:
    """Whether there is such a character in a text."""
    return any(map(is_unseen, text))


def without_unseen(text: str) -> str:
    """Return the text with each run of them as one space."""
    pieces = "".join("\0" if is_unseen(each) else each for each in text).split("\0")
    inner = [piece for piece in pieces[1:-1] if piece]
    return " ".join([pieces[0], *inner, pieces[-1]]) if len(pieces) > 1 else text


def escape_lines(text: str) -> str:
    """Return the text with each of them but line ends as an escape, so that it is seen."""
    return "".join(ascii(each)[1:-1] if is_unseen(each) and each != "\n" else each for each in text)


class LineFormatter(logging.Formatter):
    """Writes log lines in which nothing acts on a terminal, and no message forges another."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line without a traceback."""
        return super().formatMessage(record).replace("\n", "\\n")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and the lines of a traceback."""
        return escape_lines(super().format(record))
