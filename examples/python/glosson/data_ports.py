"""Where a session's tickets are to be shown: what `online` told, or the message with the ticket."""

from __future__ import annotations

import logging

from .messages import DataAddress, Told

# A relay has one, and maybe some for its other machines; more would be a way to have this client
# knock at strangers' doors.
MAX_DATA_PORTS = 16

log = logging.getLogger(__name__)


class DataPorts:
    """The data ports that one session names."""

    def __init__(self, usual: DataAddress) -> None:
        """`usual` is the one that `online` told."""
        self._usual = usual
        self._known: set[DataAddress] = set()

    def of(self, told: Told) -> DataAddress | None:
        """Return where to show what came with `told`; None for one data port too many."""
        data = DataAddress(told.host or self._usual.host, told.port or self._usual.port)
        if data not in self._known and len(self._known) >= MAX_DATA_PORTS:
            log.debug("The relay names too many data ports: more than %d", MAX_DATA_PORTS)
            return None
        self._known.add(data)
        return data
