"""One session at the relay: online until it ends."""

from __future__ import annotations

import asyncio
import logging

from . import control, endings, messages
from .client import Client
from .control import Control
from .data_connection import Foreign, Joined, NotJoined, Refused
from .data_path import Report
from .data_ports import DataPorts
from .dialer import Dialer
from .endings import Ending
from .limit import Limit
from .messages import Connect, DataAddress, Goodbye, Online, Tickets, Visitors
from .parking import Parking
from .pool_size import PoolSize
from .web_socket import Closed

ONLINE_S = 15.0  # from the first packet to `online`
ASK_DELAY_S = 0.02  # wishes for tickets within this time are one message
ASK_AGAIN_S = 30.0  # tickets may have expired unused
MAX_BAD_MESSAGES = 16  # in one session, after which it is given up

log = logging.getLogger(__name__)


class Session:
    """Visitors come in as long as it lasts; those who are there when it ends stay."""

    def __init__(self, client: Client) -> None:
        """Prepare a session."""
        self._client = client
        self._wished = PoolSize(client.most_parked)
        self._dialer = Dialer(client, self._path_changed)
        # By data port: each is kept full by itself, and one that is gone holds up none.
        self._parkings: dict[DataAddress, Parking] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._joining = 0  # visitors on their way
        self._asking = False
        self._told = 0  # how many the relay keeps parked, as far as it was told
        self._bad = 0
        self.was_online = False

    async def run(self) -> Ending:
        """Go online once, and return how that ended."""
        try:
            conn = await self._client.api.connect()
        except OSError as error:
            return Ending(f"the relay cannot be reached ({error})")
        try:
            self._dialer.arrive(conn)
            self._control = await control.open_control(
                conn, self._client.api.relay, self._client.trust, self._client.token
            )
        except OSError as error:
            why = str(error) or type(error).__name__
            return Ending(f"the relay did not open a session ({why})")
        try:
            return await self._listen(self._control)
        except (OSError, asyncio.TimeoutError) as error:
            return Ending(str(error))
        except Closed:
            return endings.closed(self._control.close_code)
        finally:
            for parking in self._parkings.values():
                await parking.stop()
            for task in list(self._tasks):
                task.cancel()
            await self._control.close()

    async def _listen(self, socket: Control) -> Ending:
        with Limit(ONLINE_S, "the relay does not say that this client is online"):
            while not self.was_online:
                ending = self._receive(await socket.recv())
                if ending is not None:
                    return ending
        self._start(self._ask_again())
        async for frame in socket:
            ending = self._receive(frame)
            if ending is not None:
                return ending
        return endings.closed(socket.close_code)

    def _receive(self, frame: object) -> Ending | None:
        """Act on a frame; return an Ending when it was the last one."""
        try:
            message = messages.read_message(frame)
        except ValueError as error:
            log.debug("Unreadable message of the relay: %s", error)
            self._bad += 1
            unreadable = "the relay sends what cannot be read"
            return Ending(unreadable) if self._bad >= MAX_BAD_MESSAGES else None
        if isinstance(message, Goodbye):
            return endings.goodbye(message)
        if isinstance(message, Online) and not self.was_online:
            # Once: where the data port is does not change under those who dial it.
            self._ports = DataPorts(message.data)
            log.info("Online: %s", message.url)
            self.was_online = True
            self._client.health.online(message.url)
            self._ask()
        elif isinstance(message, Tickets) and self.was_online:
            self._park(message.tickets, self._ports.of(message.data))
        elif isinstance(message, Connect) and self.was_online:
            self._start(self._meet(message))
        elif isinstance(message, Visitors):
            self._dialer.note_answers(message.answered)
        return None

    def _park(self, tickets: tuple[str, ...], data: DataAddress | None) -> None:
        """Use tickets at a data port; without one they cannot be used."""
        if data is None:
            return
        if data not in self._parkings:
            lot = Parking(self._pool, self._dialer.park, self._joined, self._ask_if_other)
            self._parkings[data] = lot
        self._parkings[data].offer(tickets, data)

    def _start(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _room(self) -> int:
        return max(0, self._client.front.room - self._joining)

    def _pool(self) -> int:
        """Parked connections may become visitors at any time: near the limit there are fewer."""
        return min(self._wished.size, self._room())

    def _ask_if_other(self) -> None:
        """Say nothing that the relay knows: it keeps the pool full by itself."""
        for parking in self._parkings.values():
            parking.use()
        if self._pool() != self._told:
            self._ask()

    def _ask(self) -> None:
        """Tell the relay soon how many connections to keep parked."""
        if not self._asking:
            self._asking = True
            self._start(self._send_pool())

    async def _send_pool(self) -> None:
        await asyncio.sleep(ASK_DELAY_S)
        self._asking = False
        self._told = self._pool()
        message: dict[str, object] = {"type": "pool", "size": self._told}
        if self._dialer.report is not None:
            message["dataPath"] = self._dialer.report.word  # an extension: others ignore it
        await control.send(self._control, message)

    async def _ask_again(self) -> None:
        while True:
            await asyncio.sleep(ASK_AGAIN_S)
            self._ask()

    def _path_changed(self, report: Report) -> None:
        self._client.health.data_path(report)
        self._ask()

    def _joined(self, joined: Joined) -> None:
        self._wished.note()
        self._client.serve(joined)
        self._ask_if_other()

    async def _meet(self, message: Connect) -> None:
        """Answer a `connect`; a ticket that was shown to no relay is handed back at once."""
        data = self._ports.of(message.data)
        if data is None or not self._client.front.may_take(message.address, self._joining):
            if data is not None:
                log.warning("Too many visitors: one was turned away (--max-visitors)")
            await control.send(self._control, messages.refusal(message.ticket))
            return
        shown = False

        def on_shown() -> None:
            nonlocal shown
            shown = True

        self._joining += 1
        try:
            joined = await self._dialer.meet(data, message.ticket, message.expires_s, on_shown)
            self._joined(joined)
        except (NotJoined, Refused) as error:
            log.debug("A ticket was not taken: %s", type(error).__name__)
        except (OSError, EOFError, ValueError) as error:
            log.debug("Cannot meet a visitor at %s: %s", data, error or type(error).__name__)
            # Else the relay may have joined the visitor, or be taking another's place: it sees to
            # them.
            if not shown or isinstance(error, Foreign):
                await control.send(self._control, messages.refusal(message.ticket))
        finally:
            self._joining -= 1
            self._ask_if_other()
