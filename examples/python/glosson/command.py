"""A command line in, an exit code out."""

from __future__ import annotations

import asyncio
import logging
import sys

from . import (
    arguments,
    caa,
    domain,
    install,
    preferences,
    release,
    rename,
    run,
    setup,
    status,
    verify,
    watch_ct,
)
from .exit_codes import FAILED, INTERRUPTED, WELL, exit_code_of
from .options import (
    CaaOptions,
    DomainOptions,
    InstallOptions,
    LogsOptions,
    Options,
    PreferencesOptions,
    RenameOptions,
    RunOptions,
    SetupOptions,
    StatusOptions,
    UninstallOptions,
    VerifyOptions,
    WatchCtOptions,
)
from .state import State
from .state_folder import state_folder
from .terminal import complain, unwritten


def main() -> int:
    """Do what the command line says, and see to it that all of the output is written."""
    try:
        code = _main(arguments.parse(sys.argv[1:]))
    except KeyboardInterrupt:
        code = INTERRUPTED
    except SystemExit as ending:
        code = int(ending.code or WELL)  # help, or what is wrong with the command line
    except RuntimeError as error:
        # A file that the command line names cannot be read: it may be there the next time.
        complain(str(error))
        code = FAILED
    why = unwritten()
    if why is None or code != WELL:
        return code
    complain(f"Cannot write the output: {why}")
    return FAILED


def _main(options: Options) -> int:
    try:
        state = State(state_folder(options.state))
        return asyncio.run(perform(options, state))
    except (OSError, ValueError, RuntimeError) as error:
        # Each of them was raised with a sentence for the person who typed the command.
        tell(options, str(error))
        return exit_code_of(error)


def tell(options: Options, why: str) -> None:
    """Say why it ended, where that is read."""
    # A log file that cannot be opened is none.
    begun = logging.getLogger().hasHandlers()
    if isinstance(options, RunOptions) and options.log_file is not None and begun:
        logging.getLogger("glosson").error("%s", why)
    else:
        complain(why)


async def perform(options: Options, state: State) -> int:
    """Run one command."""
    if isinstance(options, SetupOptions):
        await setup.setup(options, state)
        return WELL
    if isinstance(options, RunOptions):
        ending = await run.run(options, state)
        if ending is None or ending.exit_code is None:
            return WELL
        tell(options, ending.why)
        return ending.exit_code
    if isinstance(options, InstallOptions):
        install.install(options.run_args, state)
        return WELL
    if isinstance(options, UninstallOptions):
        install.uninstall(state)
        return WELL
    if isinstance(options, LogsOptions):
        install.logs(options.lines, state)
        return WELL
    if isinstance(options, StatusOptions):
        return await status.show(state, as_json=options.json)
    if isinstance(options, PreferencesOptions):
        await preferences.change_preferences(options, state)
        return WELL
    if isinstance(options, RenameOptions):
        await rename.rename(options, state)
        return WELL
    if isinstance(options, VerifyOptions):
        return await verify.verify(options)
    if isinstance(options, WatchCtOptions):
        return await watch_ct.watch_ct(options, state)
    if isinstance(options, DomainOptions):
        await domain.domain(options, state)
        return WELL
    if isinstance(options, CaaOptions):
        await caa.caa(options, state)
        return WELL
    await release.release(state, sure=options.yes)
    return WELL
