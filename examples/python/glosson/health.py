"""How a running client is: told in the log, and in a file for `glosson status`."""

from __future__ import annotations

import asyncio
import logging
import time

from .data_path import LOST, WORKS, Report
from .data_transports import AUTO, TCP, WEBSOCKET
from .identity import rfc3339
from .state import State

log = logging.getLogger(__name__)


# What cannot be used, and what helps, where visitors cannot be served.
TROUBLE = {
    TCP: "the relay's data port %s cannot be used (%s); let connections to it out through your "
    "firewall, leave --data-over out for WebSockets to be tried",
    WEBSOCKET: "no WebSockets to the relay's own port can be used in place of %s (%s); leave "
    "--data-over out for that to be tried",
    AUTO: "the relay's data port %s cannot be used (%s), nor WebSockets in its place; let "
    "connections to it out through your firewall",
}

LOST_TROUBLE = (
    "what this computer answers does not arrive at %s (%s); try a smaller MTU on this network, "
    "such as 1280"
)


class Health:
    """What stopped or began to work, of all that a visitor needs."""

    def __init__(self, state: State, transport: str) -> None:
        """Tell that the client runs; `transport` is what is to carry visitors' connections."""
        self._state, self._transport = state, transport
        self.reached = asyncio.Event()  # whether visitors can reach this client
        self._data: dict[str, object] | None = None
        self._now: dict[str, object] = dict.fromkeys(("why", "data", "page", "seen"))
        self._now["since"] = _time()
        self._write()

    def online(self, page: str) -> None:
        """Tell that the relay has this client online, and at which address its page is."""
        self._now["why"], self._now["page"] = None, page
        self.reached.set()
        self._write()

    def offline(self, why: str) -> None:
        """Tell that the session ended."""
        self._now["why"] = why
        self.reached.clear()
        self._write()

    def data_path(self, report: Report) -> None:
        """Tell what is known of the way to the data port."""
        works, data = report.word == WORKS, report.data
        place = {"host": data.host, "port": data.port, "works": works}
        over = report.over
        before = self._data
        same = before is not None and all(before[name] == place[name] for name in place)
        since = before["since"] if same and before is not None else _time()
        problem = None if works else report.detail
        self._data = {**place, "over": over, "problem": problem, "since": since}
        self._now["data"] = self._data
        self._write()
        if works:
            level = logging.INFO if before is not None and not before["works"] else logging.DEBUG
            reached = "The relay's data port %s is reached over %s, visitors can be served"
            log.log(level, reached, data, over)
        elif not same:
            advice = LOST_TROUBLE if report.word == LOST else TROUBLE[self._transport]
            trouble = advice % (data, report.detail)
            log.warning("Visitors cannot be served: %s, or tell the relay's operator", trouble)

    def end(self) -> None:
        """Tell that the client runs no more."""
        self._state.save_running(None)

    def _write(self) -> None:
        try:
            self._state.save_running(self._now)
        except OSError as error:  # visitors do not need it
            log.debug("Cannot write how this client is: %s", error)


def _time() -> str:
    return rfc3339(time.time())
