#!/usr/bin/env python3
"""Print the public bio of one profile: the example of the script that glossond asks.

    python3 get_bio.example.py NAME

A person proves that NAME is theirs by putting a code from the relay into the bio of their public
profile. How to read that bio is different for every community, so it is a script of its own: copy
this file to get_bio.py (or name another one in GLOSSOND_GET_BIO_SCRIPT) and write the two lines
below; `glossond init` does so. `glossond bio NAME` shows what the relay then sees.

What glossond relies on:

  argument   NAME, a username: a to z, 0 to 9 and inner hyphens, 2 to 63 characters.
  stdout     the bio, UTF-8, at most 64 KiB. Only what the owner of the profile can write: if others
             can put text into it (comments, a guest book), they can claim the name.
  exit 0     found. The bio may be empty, but print at least a newline: no output at all counts as
             a failure.
  exit 1     there is no such profile.
  other      could not find out (the network, the site, a bug); the person is told to try later.
             Python exits with 1 on an error that nobody catches, so catch them, as below.
  stderr     goes to the relay's log, but for a first line "profile-id: ID", where ID stays the
             same as long as the profile is there, and is never another's (a number in the site's
             database, say; at most 200 characters). It is not needed. With it the relay can tell a
             profile from a later one of the same name: a user who released their name can have it
             back at once, while it rests for everybody else. Only a hash of it is kept.

It gets 10 seconds, a nearly empty environment (PATH and LANG only) and no stdin; at most four run
at once. When it ends or its time is up, everything it started is killed.

As it stands, this example reads bios/NAME.txt beside itself, which is what `glossond dev` uses.
"""

import html.parser
import json
import pathlib
import re
import sys
import urllib.error
import urllib.request

# The public page of a profile, or a JSON document about it, with {name} where the username goes:
# "https://community.example/users/{name}". Empty: files beside this script.
PROFILE_URL = ""

# What of it is the bio. Of JSON, a member: "bio", "user.profile.bio". Of a page, the one element that
# a CSS selector of tag, #id, .class and [attribute=value] finds, within others where spaces stand
# between: "#profile .bio". For "meta[name=description]" it is the attribute "content".
PROFILE_SELECTOR = "bio"

# What of it is the profile's id, see above, found likewise; where there is none, none is told.
PROFILE_ID_SELECTOR = "id"

# Less than the relay's 10 seconds, so that the log tells a slow site from a slow script.
TIMEOUT_S = 8
MAX_BYTES = 1_000_000


def bio_from_file(name: str) -> str | None:
    """Read bios/NAME.txt beside this script; None if there is none. Its id is in bios/NAME.id."""
    bios = pathlib.Path(__file__).resolve().parent / "bios"
    try:
        bio = (bios / f"{name}.txt").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
    id_file = bios / f"{name}.id"
    if id_file.exists():
        tell_id(id_file.read_text(encoding="utf-8").strip())
    return bio


def bio_from_web(name: str) -> str | None:
    """Fetch the profile; None if the site says that there is none (404 or 410)."""
    request = urllib.request.Request(
        PROFILE_URL.replace("{name}", name),
        headers={"Accept": "application/json, text/html", "User-Agent": "glossond-get-bio/1"},
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
            # A redirect to another place (a log-in page, plain HTTP) is not this person's profile.
            if response.url != request.full_url:
                raise OSError(f"redirected to {response.url}")
            kind = response.headers.get_content_type()
            charset = response.headers.get_content_charset("utf-8")
            body = response.read(MAX_BYTES + 1)
    except urllib.error.HTTPError as error:
        if error.code in (404, 410):
            return None
        raise
    if len(body) > MAX_BYTES:
        raise OSError(f"the profile has more than {MAX_BYTES} bytes")
    text = body.decode(charset, errors="replace").removeprefix("\ufeff")
    # PHP calls JSON a page where nobody told it otherwise.
    is_page = kind in ("text/html", "application/xhtml+xml") and not text.lstrip().startswith("{")
    find = in_html if is_page else in_json
    tell_id(find(text, PROFILE_ID_SELECTOR))
    bio = find(text, PROFILE_SELECTOR)
    if bio is None:
        print(f"{PROFILE_SELECTOR} finds nothing in {request.full_url}", file=sys.stderr)
    return bio or ""


def tell_id(profile_id: str | None) -> None:
    """Tell the relay the profile's id, if there is one; before anything else goes to stderr."""
    if profile_id:
        print(f"profile-id: {profile_id}", file=sys.stderr)


def in_json(text: str, selector: str) -> str | None:
    """The member of a JSON document; None if there is none, empty if it is null."""
    value = json.loads(text)
    for member in selector.split("."):
        if not isinstance(value, dict) or member not in value:
            return None
        value = value[member]
    return str(value or "")


def in_html(text: str, selector: str) -> str | None:
    """The text of the one element of a page that the selector finds; None if it finds none."""
    finder = Finder(selector)
    finder.feed(text)
    finder.close()
    # In one of them somebody else may be able to write.
    if len(finder.found) > 1:
        raise ValueError(f"{selector} finds {len(finder.found)} elements: select one of them")
    return "".join(finder.found[0]) if finder.found else None


class Finder(html.parser.HTMLParser):
    """Collects the texts of the outermost elements that a selector finds."""

    VOID = frozenset(
        "area base br col embed hr img input link meta param source track wbr".split()
    )
    # What has no end tag of its own ends where one of these begins (HTML, 13.1.2.4), but for what
    # stands within the second: else a comment behind an open <p class="bio"> were part of the bio.
    BLOCKS = (
        "address article aside blockquote center details dialog dir div dl fieldset figcaption figure "
        "footer form h1 h2 h3 h4 h5 h6 header hgroup hr main menu nav ol p pre search section table ul"
    )
    ENDS = [
        (frozenset(begins.split()), frozenset(ended.split()), frozenset(within.split()))
        for begins, ended, within in (
            (BLOCKS + " dd dt li", "p", "button object table td th caption template"),
            ("li", "li", "ul ol menu object table td th caption template"),
            ("dd dt", "dd dt", "dl object table td th caption template"),
            ("rp rt", "rp rt", "template"),
            ("option", "option", "select template"),
            ("optgroup", "optgroup option", "select template"),
            ("td th", "td th caption colgroup", "table template"),
            ("tr", "tr td th caption colgroup", "table template"),
            ("tbody thead tfoot", "tbody thead tfoot tr td th caption colgroup", "table template"),
        )
    ]
    STEP = re.compile(r"""([#.]?)([\w-]+)|\[([\w:-]+)=["']?([^\]"']*)["']?\]""")

    def __init__(self, selector: str) -> None:
        super().__init__()
        self.found: list[list[str]] = []
        self._steps = [self._conditions(step) for step in selector.split()]
        self._open: list[tuple[str, dict[str, str]]] = []
        # How many elements were open when the one began whose text is collected.
        self._within: int | None = None

    def _conditions(self, step: str) -> list[tuple[str, str]]:
        matches = list(self.STEP.finditer(step))
        if "".join(match.group() for match in matches) != step:
            raise ValueError(f"the selector {step!r} is not understood")
        kinds = {"#": "id", ".": "class", "": ""}
        return [(m[3], m[4]) if m[3] else (kinds[m[1]], m[2]) for m in matches]

    @staticmethod
    def _fits(element: tuple[str, dict[str, str]], conditions: list[tuple[str, str]]) -> bool:
        tag, attributes = element
        for name, value in conditions:
            if name == "":
                fits = tag == value.lower()
            elif name == "class":
                fits = value in attributes.get("class", "").split()
            else:
                fits = attributes.get(name) == value
            if not fits:
                return False
        return True

    def _matches(self, element: tuple[str, dict[str, str]]) -> bool:
        if not self._steps or not self._fits(element, self._steps[-1]):
            return False
        outer = iter(self._open)
        return all(any(self._fits(one, step) for one in outer) for step in self._steps[:-1])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._end_what_has_no_end_tag(tag)
        element = (tag, {name: value or "" for name, value in attrs})
        if self._within is None and self._matches(element):
            self.found.append([element[1].get("content", "")] if tag == "meta" else [])
            if tag not in self.VOID:
                self._within = len(self._open)
        if tag not in self.VOID:
            self._open.append(element)
        elif tag == "br" and self._within is not None:
            self.found[-1].append("\n")

    def handle_endtag(self, tag: str) -> None:
        tags = [name for name, _ in self._open]
        if tag in tags:
            self._end_from(len(tags) - 1 - tags[::-1].index(tag))

    def _end_what_has_no_end_tag(self, tag: str) -> None:
        for begins, ended, within in self.ENDS:
            if tag not in begins:
                continue
            end_from = len(self._open)
            for i, (name, _) in reversed(list(enumerate(self._open))):
                if name in ended:
                    end_from = i
                elif name in within:
                    break
            self._end_from(end_from)

    def _end_from(self, index: int) -> None:
        del self._open[index:]
        if self._within is not None and len(self._open) <= self._within:
            self._within = None

    def handle_data(self, data: str) -> None:
        if self._within is not None and self._open[-1][0] not in ("script", "style"):
            self.found[-1].append(data)


def get_bio(name: str) -> str | None:
    return bio_from_web(name) if PROFILE_URL else bio_from_file(name)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,61}[a-z0-9]", arguments[0]):
        print("usage: get_bio.py NAME", file=sys.stderr)
        return 2
    try:
        bio = get_bio(arguments[0])
    except Exception as error:  # anything unforeseen means "could not find out", never "not found"
        print(f"cannot read the bio: {type(error).__name__}: {error}", file=sys.stderr)
        return 3
    if bio is None:
        return 1
    sys.stdout.buffer.write(bio.encode("utf-8", errors="replace") + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
