#!/usr/bin/env python3
"""Print the public bio of one profile: the example of the script that glossond asks.

    python3 get_bio.example.py NAME

A person proves that NAME is theirs by putting a code from the relay into the bio of their public
profile. How to read that bio is different for every community, so it is a script of its own:
copy this file to get_bio.py (or name another one in GLOSSOND_GET_BIO_SCRIPT) and change it.

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

import json
import pathlib
import re
import sys
import urllib.error
import urllib.request

# For bio_from_web: where a profile is read, and the member of its JSON that holds the bio.
PROFILE_URL = "https://community.example/api/users/{name}.json"
PROFILE_MEMBER = "bio"

# The member that holds the profile's id, see above; where there is none, none is told.
PROFILE_ID_MEMBER = "id"

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
    """Fetch the profile over HTTPS; None if the site says that there is none (404 or 410)."""
    request = urllib.request.Request(
        PROFILE_URL.format(name=name),
        headers={"Accept": "application/json", "User-Agent": "glossond-get-bio/1"},
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
            # A redirect to another place (a log-in page, plain HTTP) is not this person's profile.
            if response.url != request.full_url:
                raise OSError(f"redirected to {response.url}")
            profile = json.loads(response.read(MAX_BYTES))
    except urllib.error.HTTPError as error:
        if error.code in (404, 410):
            return None
        raise
    tell_id(profile.get(PROFILE_ID_MEMBER))
    return profile[PROFILE_MEMBER] or ""


def tell_id(profile_id: object) -> None:
    """Tell the relay the profile's id, if there is one; before anything else goes to stderr."""
    if profile_id:
        print(f"profile-id: {profile_id}", file=sys.stderr)


# For a real community: put its address above, and use the other function.
get_bio = bio_from_file
# get_bio = bio_from_web


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
