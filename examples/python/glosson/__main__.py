"""`python -m glosson`."""

import signal
import sys


def main() -> int:
    """Do what the command line says; return the exit code."""
    # To load it takes a while, and a traceback of that tells nobody who types Ctrl-C anything.
    interrupts = signal.getsignal(signal.SIGINT) == signal.default_int_handler
    if interrupts:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from . import command

    if interrupts:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return command.main()


if __name__ == "__main__":
    sys.exit(main())
