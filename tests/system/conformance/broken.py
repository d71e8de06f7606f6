"""The client in Python with one fault: `python3 broken.py FAULT setup|run ...`.

Each fault is one that a client's author may well make; the checks of examples/conformance have to
find it. Some have no fault, but a habit that is allowed, or are slow, as on a slow machine.
"""

from __future__ import annotations

import asyncio
import dataclasses
import ipaddress
import socket
import struct
import sys
from typing import Any

import websockets.legacy.protocol
from glosson import (
    certificate,
    claim,
    connection,
    control,
    data_connection,
    dialer,
    endings,
    exit_codes,
    messages,
    parking,
    proxy,
    run,
    session,
    stay_online,
    tls,
    visit,
)
from glosson.__main__ import main


def asks_once() -> None:
    claim.MAX_CHECKS = 1


def names_another_host() -> None:
    made = certificate.make_key_and_request
    certificate.make_key_and_request = lambda host, kind: made(f"www.{host}", kind)


def asks_without_a_pause() -> None:
    certificate._pause = lambda _asked: 0.0


def offers_another_subprotocol() -> None:
    control.SUBPROTOCOL = "glosson.v2"


def knows_all_types() -> None:
    read = messages.read_message

    def strictly(frame: object) -> object:
        message = read(frame)
        if message is None:
            raise RuntimeError("unheard of")
        return message

    messages.read_message = strictly


def answers_no_pings() -> None:
    async def pong(*_: object) -> None:
        pass

    websockets.legacy.protocol.WebSocketCommonProtocol.pong = pong


def answers_pings_slowly() -> None:
    pong = websockets.legacy.protocol.WebSocketCommonProtocol.pong

    async def slowly(self: Any, data: Any = b"") -> None:
        await asyncio.sleep(2)
        await pong(self, data)

    websockets.legacy.protocol.WebSocketCommonProtocol.pong = slowly


def spells_addresses_out() -> None:
    told = proxy.to_app

    def exploded(given: Any, host: bytes, page: bytes, address: str | None) -> Any:
        whole = None if address is None else ipaddress.ip_address(address).exploded
        return told(given, host, page, whole)

    proxy.to_app = exploded


def ends_visitors_with_the_session() -> None:
    listen = session.Session._listen

    async def listening(self: Any, socket: Any) -> Any:
        try:
            return await listen(self, socket)
        finally:
            for task in list(self._client.front._visits):
                task.cancel()

    session.Session._listen = listening


def ends_with_the_session() -> None:
    ran = session.Session.run

    async def once(self: Any) -> Any:
        return dataclasses.replace(await ran(self), exit_code=1)

    session.Session.run = once


def comes_back_without_a_pause() -> None:
    stay_online.Backoff.next = lambda _self: 0.0


def comes_back_slowly_without_a_pause() -> None:
    comes_back_without_a_pause()
    ran = session.Session.run

    async def slowly(self: Any) -> Any:
        await asyncio.sleep(0.5)
        return await ran(self)

    async def no_look(*_: object) -> bool:
        return False

    session.Session.run = slowly
    stay_online.restarted = no_look


def overlooks_retry_after() -> None:
    goodbye = endings.goodbye
    endings.goodbye = lambda message: dataclasses.replace(goodbye(message), wait_s=0.0)


def wants_too_many() -> None:
    session.Session._pool = lambda _self: 99


def parks_all_tickets() -> None:
    offer = parking.Parking.offer

    def all_of_them(self: Any, tickets: Any, data: Any) -> None:
        wanted, self._wanted = self._wanted, lambda: 1000
        offer(self, tickets, data)
        self._wanted = wanted

    parking.Parking.offer = all_of_them


def says_more_than_the_ticket() -> None:
    write = connection.Connection.write

    async def written(self: Any, data: bytes) -> None:
        await write(self, data + b"\n" if data.startswith(b"GLOSSON/1") else data)

    connection.Connection.write = written


def parks_once() -> None:
    parking.Parking._free = lambda _self, _task: None


def hammers_the_data_port() -> None:
    parking.Backoff.next = lambda _self: 0.0


def hammers_the_data_port_slowly() -> None:
    hammers_the_data_port()
    opened = dialer.open_tcp

    async def slowly(*args: Any) -> Any:
        await asyncio.sleep(0.4)
        return await opened(*args)

    dialer.open_tcp = slowly


def meets_visitors_late() -> None:
    meet = session.Session._meet

    async def late(self: Any, message: Any) -> None:
        await asyncio.sleep(4)
        await meet(self, message)

    session.Session._meet = late


def keeps_to_one_data_port() -> None:
    read = messages.read_message

    def without(frame: object) -> object:
        message = read(frame)
        if isinstance(message, (messages.Connect, messages.Tickets)):
            message = dataclasses.replace(message, data=messages.Told())
        return message

    messages.read_message = without


def wants_both_of_an_address() -> None:
    read = messages.read_message

    def both(frame: object) -> object:
        message = read(frame)
        if isinstance(message, (messages.Connect, messages.Tickets)):
            if (message.data.host is None) != (message.data.port is None):
                raise ValueError("dataHost and dataPort are no address")
        return message

    messages.read_message = both


def skips_the_header() -> None:
    read = data_connection._read_header

    async def skipped(conn: Any, first: bytes) -> Any:
        return dataclasses.replace(await read(conn, first), address="127.0.0.1")

    data_connection._read_header = skipped


def reads_the_header_at_once() -> None:
    async def at_once(stream: Any, count: int) -> bytes:
        data = await stream.read(count) if count else b""
        if len(data) < count:
            raise EOFError("not all there")
        return data

    data_connection.read_exactly = at_once


def takes_bytes_for_text() -> None:
    write = tls.TlsStream.write

    async def text(self: Any, data: bytes) -> None:
        await write(self, data.decode("utf-8", "ignore").encode())

    tls.TlsStream.write = text


def takes_a_half_close_for_leaving() -> None:
    begin = visit.Visit.__init__

    def without_patience(self: Any, *args: Any) -> None:
        begin(self, *args)
        self._limits = dataclasses.replace(self._limits, half_closed=0.0)

    visit.Visit.__init__ = without_patience


def resets_in_place_of_ending() -> None:
    async def leave(self: Any, *_: object) -> None:
        await asyncio.sleep(0.2)
        linger = struct.pack("ii", 1, 0)
        self._conn.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    visit.Visit._leave = leave


def never_uses_a_new_certificate() -> None:
    use = run._Run._use

    def first(self: Any, identity: Any) -> None:
        if self._front._context is None:
            use(self, identity)

    run._Run._use = first


def never_takes_no_for_an_answer() -> None:
    def again(message: Any) -> Any:
        return endings.Ending(str(message))

    endings.goodbye = endings.closed = again
    comes_back_without_a_pause()


def tries_a_refused_token_again() -> None:
    async def unknown(_client: object) -> object:
        return endings.Ending("")

    stay_online._ask = unknown
    comes_back_without_a_pause()


def tells_no_reason_by_its_code() -> None:
    exit_codes.REPLACED = exit_codes.UNAUTHORIZED = exit_codes.BLOCKED = exit_codes.RELAY_GONE = 1


def knows_no_data_web_sockets() -> None:
    dialer.DATA_WEBSOCKET = "none"


globals()[sys.argv.pop(1)]()
sys.exit(main())
