"""A visitor of an echo server with Python's websockets: python ws_visitor.py URL"""
import asyncio
import sys

import websockets
from cases import test
from websockets.asyncio.client import connect

URL = sys.argv[1].replace("http", "ws", 1)


async def echo(size, **options):
    async with connect(URL, max_size=None, **options) as socket:
        sent = bytes(i % 251 for i in range(size))
        await socket.send(sent)
        assert await socket.recv() == sent, "another message"


async def fragments():
    async with connect(URL, max_size=None) as socket:
        await socket.send([f"{i};" for i in range(100)])
        assert await socket.recv() == "".join(f"{i};" for i in range(100)), "another message"


async def ping():
    async with connect(URL) as socket:
        await asyncio.wait_for(await socket.ping("x"), 5)


async def close(code):
    async with connect(f"{URL}/close/{code}") as socket:
        try:
            await socket.recv()
        except websockets.ConnectionClosed as closed:
            assert closed.rcvd.code == code, closed.rcvd.code


CASES = {
    "1 MB": lambda: echo(1_000_000),
    "1 MB without compression": lambda: echo(1_000_000, compression=None),
    "20 MB": lambda: echo(20_000_000, compression=None),
    "100 fragments": fragments,
    "ping": ping,
    "closed with 1001": lambda: close(1001),
    "closed with 4321": lambda: close(4321),
}


for name, run in CASES.items():
    test(name, lambda: asyncio.run(asyncio.wait_for(run(), 15)))
