"""Work that goes on until a signal asks to leave."""

from __future__ import annotations

import asyncio
import os
import signal

from .endings import Ending
from .exit_codes import INTERRUPTED


async def until_signal(work: object) -> Ending | None:
    """Do the work until a signal, which lets it clean up; a second one does not."""
    task: asyncio.Task[Ending] = asyncio.ensure_future(work)  # type: ignore[call-overload]
    loop = asyncio.get_running_loop()
    leaving = False

    def leave() -> None:
        nonlocal leaving
        if leaving:
            os._exit(INTERRUPTED)
        leaving = True
        task.cancel()

    for number in _leaving_signals():
        try:
            loop.add_signal_handler(number, leave)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(leave))
    try:
        return await task
    except asyncio.CancelledError:
        if leaving:
            return None
        raise


def _leaving_signals() -> list[signal.Signals]:
    signals = [signal.SIGINT, signal.SIGTERM]
    # The end of the terminal, but where whoever started this has it ignored, as nohup does.
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signals.append(signal.SIGHUP)
    return signals
