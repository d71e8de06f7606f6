"""Exit codes, the same as those of the reference client.

Those from 2 on mean that the same again is of no use: a service manager must not start `run` again.
"""

from __future__ import annotations

from .problem import RelayProblem, RelayUnreachable
from .records import NothingSetUp

WELL, FAILED = 0, 1
USAGE = 2  # the command line is wrong (argparse ends with it by itself), or nothing is set up
REPLACED = 3  # another computer took the name over
UNAUTHORIZED = 4  # the relay does not, or no longer, accept the account's token
BLOCKED = 5  # the relay's operator has blocked the name
RELAY_GONE = 6  # the relay cannot be reached, or asked this client not to come back
OTHER_END = 7  # of `verify` and `watch-ct`: somebody else answers in the page's place, or could
FINAL = (USAGE, REPLACED, UNAUTHORIZED, BLOCKED, RELAY_GONE)
INTERRUPTED = 130  # by a second Ctrl-C: 128 and the signal's number


def exit_code_of(error: BaseException) -> int:
    """Return the exit code for what a command raised."""
    if isinstance(error, NothingSetUp):
        return USAGE
    if isinstance(error, RelayUnreachable):
        return RELAY_GONE
    if isinstance(error, RelayProblem):
        if error.status == 401:
            return UNAUTHORIZED
        if error.code == "suspended":
            return BLOCKED
    return FAILED
