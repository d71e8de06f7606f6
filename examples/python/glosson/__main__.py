"""`python -m glosson`: a command line in, an exit code out."""

from __future__ import annotations

import asyncio
import sys

from . import arguments, release, run, setup, status
from .options import Options, RunOptions, SetupOptions, StatusOptions
from .state import State, state_folder
from .terminal import complain

# Exit codes, the same as those of the reference client; argparse ends with 2 by itself.
WENT_WELL, FAILED, WRONG_COMMAND_LINE = 0, 1, 2
INTERRUPTED = 130  # by a second Ctrl-C: 128 and the signal's number


def main() -> int:
    """Do what the command line says."""
    options = arguments.parse(sys.argv[1:])
    try:
        state = State(state_folder(options.state))
        return asyncio.run(perform(options, state))
    except KeyboardInterrupt:
        return INTERRUPTED
    except (OSError, ValueError, RuntimeError) as error:
        # Each of them was raised with a sentence for the person who typed the command.
        complain(str(error))
        return FAILED


async def perform(options: Options, state: State) -> int:
    """Run one command."""
    if isinstance(options, SetupOptions):
        await setup.setup(options, state)
        return WENT_WELL
    if isinstance(options, RunOptions):
        why = await run.run(options, state)
        if why is not None:
            complain(why)
        return WENT_WELL if why is None else FAILED
    if isinstance(options, StatusOptions):
        return await status.show(state, as_json=options.json)
    return await release.release(state, sure=options.yes)


if __name__ == "__main__":
    sys.exit(main())
