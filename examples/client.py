#!/usr/bin/env python3
"""A small Glosson client: serves one page for a name that is set up already.

    python3 client.py --relay https://relay.example.org --token-file TOKEN --identity IDENTITY.pem

Written from PROTOCOL.md beside this file alone, to show what a client has to do and how little that
is. It claims no name and renews no certificate; those are a few HTTPS requests, which are described
there too. IDENTITY.pem holds the private key and the certificate chain of the name.

Needs Python 3.9 or newer and the package websockets (Debian: python3-websockets).
"""

import argparse
import asyncio
import ipaddress
import json
import logging
import pathlib
import random
import ssl
import sys
import time
import urllib.parse

import websockets

MAX_MESSAGE_BYTES = 16 * 1024  # of the control WebSocket
MAX_HEAD_BYTES = 16 * 1024  # of a visitor's request
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1, 30  # bounds of the pause before coming back
STABLE_S = 30  # after a session that lasted this long, the pause is a short one again
DIAL_TIMEOUT_S = 5  # to connect to the data port
PARKED_TIMEOUT_S = 330  # the relay parks for 5 minutes at most
HEADER_TIMEOUT_S = 5  # for the PROXY header, from its first bytes
VISIT_TIMEOUT_S = 60  # for a visitor's handshake, request and answer

PROXY_V2 = b"\r\n\r\n\0\r\nQUIT\n"
REFUSED = b"GLOSSON/1 refused\n"

log = logging.getLogger("client")


class Goodbye(Exception):
    """The relay ends the session; `retry_after_ms` None means: for good."""

    def __init__(self, reason, retry_after_ms):
        super().__init__(f"the relay says goodbye ({reason})")
        self.retry_after_ms = retry_after_ms


class Session:
    """One control session and the data connections that it leads to."""

    serving = set()  # visitors that are there; they outlive the session

    def __init__(self, socket, options, context):
        self.socket, self.options, self.context = socket, options, context
        self.data_address = None
        self.parked = 0
        self.waiting = set()  # data connections without a visitor; they end with the session

    async def run(self):
        """Serves until the session ends; raises Goodbye or ConnectionClosed."""
        try:
            async for text in self.socket:
                await self.receive(json.loads(text))
        finally:
            for task in self.waiting:
                task.cancel()

    async def receive(self, message):
        kind = message.get("type")
        if kind == "online":
            self.data_address = connect_host(message["dataHost"]), message["dataPort"]
            log.info("Online: https://%s", message["hostname"])
            await self.ask_for_tickets()
        elif kind == "tickets":
            for ticket in message["tickets"]:
                if self.parked < self.options.pool:
                    self.parked += 1
                    self.start(self.park(ticket))
        elif kind == "connect":
            self.start(self.meet(message["ticket"], message["expiresInMs"] / 1000))
        elif kind == "goodbye":
            raise Goodbye(message["reason"], message["retryAfterMs"])

    def start(self, work):
        task = asyncio.create_task(work)
        for tasks in self.waiting, self.serving:
            task.add_done_callback(tasks.discard)
        self.waiting.add(task)

    async def ask_for_tickets(self):
        try:
            await self.socket.send(json.dumps({"type": "pool", "size": self.options.pool}))
        except websockets.ConnectionClosed:
            pass  # run() hears of it too, and that is the place to act

    async def park(self, ticket):
        """Parks a connection; when it is used, expired or failed, another one takes its place."""
        began = time.monotonic()
        try:
            await self.open(ticket, PARKED_TIMEOUT_S, self.unpark)
        except (OSError, EOFError, asyncio.TimeoutError, ValueError) as error:
            log.debug("Parked connection ended: %r", error)
            # One that fails at once must not be tried again and again.
            await asyncio.sleep(max(0, 1 - (time.monotonic() - began)))
            await self.unpark()

    async def unpark(self):
        self.parked -= 1
        await self.ask_for_tickets()

    async def meet(self, ticket, seconds):
        try:
            await self.open(ticket, seconds)
        except (OSError, EOFError, asyncio.TimeoutError, ValueError) as error:
            log.debug("Cannot meet a visitor: %r", error)

    async def open(self, ticket, join_seconds, on_joined=None):
        """Shows a ticket at the data port and serves the visitor who is joined."""
        reader, writer = await asyncio.wait_for(
            asyncio.open_connection(*self.data_address), DIAL_TIMEOUT_S
        )
        try:
            writer.write(b"GLOSSON/1 %s\n" % ticket.encode("ascii"))
            first = await asyncio.wait_for(reader.readexactly(16), join_seconds)
            address = await asyncio.wait_for(read_proxy_header(first, reader), HEADER_TIMEOUT_S)
            task = asyncio.current_task()
            self.waiting.discard(task)
            self.serving.add(task)
            if on_joined:
                await on_joined()
            log.debug("Visitor %s", address)
            try:
                await asyncio.wait_for(serve(reader, writer, self), VISIT_TIMEOUT_S)
            except (OSError, EOFError, asyncio.TimeoutError) as error:
                log.debug("Visitor %s ended: %r", address, error)
        finally:
            writer.close()


async def read_proxy_header(first, reader):
    """Reads the rest of a PROXY protocol v2 header; returns the visitor's address if it is told."""
    if first == REFUSED[:16]:
        raise ValueError("the relay refused the ticket")
    if first[:12] != PROXY_V2 or first[12] >> 4 != 2:
        raise ValueError("no PROXY header")
    rest = await reader.readexactly(int.from_bytes(first[14:16], "big"))
    size = {0x11: 4, 0x21: 16}.get(first[13])  # TCP over IPv4, over IPv6
    if first[12] & 0xF != 1 or size is None:  # LOCAL: nobody knows
        return None
    return str(ipaddress.ip_address(rest[:size]))


async def serve(reader, writer, session):
    """Speaks TLS and HTTP/1.1 with a visitor: one request, one answer."""
    # MemoryBIO, not the streams' own TLS: the reader may hold the ClientHello already, as it came
    # together with the PROXY header.
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = session.context.wrap_bio(incoming, outgoing, server_side=True)

    async def drive(operation, *args):
        while True:
            try:
                return operation(*args)
            except ssl.SSLWantReadError:
                await flush()
                chunk = await reader.read(16 * 1024)
                if chunk:
                    incoming.write(chunk)
                else:
                    incoming.write_eof()
            finally:
                await flush()

    async def flush():
        if outgoing.pending:
            writer.write(outgoing.read())
            await writer.drain()

    await drive(tls.do_handshake)
    head = b""
    while b"\r\n\r\n" not in head:
        piece = await drive(tls.read, MAX_HEAD_BYTES)
        head += piece
        if not piece or len(head) > MAX_HEAD_BYTES:
            return
    method = head.split(b" ", 1)[0]
    known = method in (b"GET", b"HEAD")
    status = b"200 OK" if known else b"405 Method Not Allowed\r\nAllow: GET, HEAD"
    page = session.options.page
    answer = (
        b"HTTP/1.1 %s\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n"
        b"Cache-Control: no-cache\r\nConnection: close\r\n\r\n" % (status, len(page))
    )
    await drive(tls.write, answer if method == b"HEAD" else answer + page)
    # close_notify, then the end of stream; what the visitor still says is read until their end.
    try:
        tls.unwrap()
    except ssl.SSLWantReadError:
        pass
    await flush()
    writer.write_eof()
    while await reader.read(16 * 1024):
        pass


def connect_host(name):
    """Every *.localhost is this machine (RFC 6761), but not every system's resolver knows it."""
    return "127.0.0.1" if name == "localhost" or name.endswith(".localhost") else name


async def stay_online(options, context):
    """Goes online and comes back after losses, with random pauses that grow."""
    relay = urllib.parse.urlsplit(options.relay)
    trust = ssl.create_default_context(cafile=options.ca)
    # The argument was renamed in websockets 14.
    modern = int(getattr(websockets, "__version__", "10").split(".")[0]) >= 14
    name_of_headers = "additional_headers" if modern else "extra_headers"
    headers = {name_of_headers: {"Authorization": f"Bearer {options.token}"}}
    failures = 0
    while True:
        began = time.monotonic()
        pause = 0
        try:
            async with websockets.connect(
                f"wss://{relay.netloc}/v1/control",
                host=connect_host(relay.hostname),
                port=relay.port or 443,
                ssl=trust,
                server_hostname=relay.hostname,
                subprotocols=["glosson.v1"],
                max_size=MAX_MESSAGE_BYTES,
                **headers,
            ) as socket:
                await Session(socket, options, context).run()
            why = f"closed with code {socket.close_code}"
            if socket.close_code in (4401, 4409):
                return why
        except Goodbye as goodbye:
            if goodbye.retry_after_ms is None:
                return str(goodbye)
            why, pause = str(goodbye), goodbye.retry_after_ms / 1000
        except (OSError, asyncio.TimeoutError, websockets.WebSocketException) as error:
            status = getattr(error, "status_code", None) or getattr(
                getattr(error, "response", None), "status_code", None
            )
            if status in (401, 403):
                return f"the relay does not let this account in (status {status})"
            code = getattr(error, "code", None)
            if code in (4401, 4409):
                return f"closed with code {code}"
            why = str(error) or repr(error)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            why = f"the relay sent what cannot be read: {error!r}"
        failures = 1 if time.monotonic() - began > STABLE_S else failures + 1
        pause += random.uniform(0, min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**(failures - 1)))
        log.warning("Not online, coming back in %.0f s: %s", pause, why)
        await asyncio.sleep(pause)


PAGE = b"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Hello</title>
<h1>Hello</h1>
<p>This page comes from a small Python program on somebody's own computer.</p>
</html>
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--relay", required=True, help="address of the relay, https://...")
    parser.add_argument("--token-file", required=True, type=pathlib.Path, help="the token")
    parser.add_argument("--identity", required=True, help="private key and certificate chain, PEM")
    parser.add_argument("--ca", help="authorities to trust for the relay, PEM")
    parser.add_argument("--page", type=pathlib.Path, help="HTML file to serve")
    parser.add_argument("--pool", type=int, default=2, help="connections to keep parked, 0 to 64")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    options.token = options.token_file.read_text().strip()
    options.page = options.page.read_bytes() if options.page else PAGE
    if not options.relay.startswith("https://"):
        parser.error("--relay has to begin with https://, the token would travel in the open")
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s"
    )
    log.setLevel(logging.DEBUG if options.verbose else logging.INFO)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.identity)
    context.set_alpn_protocols(["http/1.1"])
    try:
        sys.exit(asyncio.run(stay_online(options, context)))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
