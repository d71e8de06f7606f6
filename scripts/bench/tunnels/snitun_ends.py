"""Both ends of a tunnel of snitun, a library without programs of its own.

    snitun_ends.py relay HOST CONTROL VISITORS
    snitun_ends.py client HOST CONTROL ORIGIN HOSTNAME

The client comes to port CONTROL of HOST; visitors and origin are on 127.0.0.1. The key is one of a test's: whoever reaches the ports of a benchmark may come.
"""

import asyncio
import sys
from datetime import timedelta

from snitun.client.client_peer import ClientPeer
from snitun.client.connector import Connector
from snitun.server.run import SniTunServer
from snitun.utils.server import generate_client_token

LOOPBACK = "127.0.0.1"
FERNET_KEYS = ["XIKL24X0Fu83UmPLmWkXOBvvqsLq41tz2LljwafDyZw="]
AES_KEY, AES_IV = bytes(32), bytes(16)


async def relay(host: str, control: str, visitors: str) -> None:
    server = SniTunServer(
        FERNET_KEYS,
        sni_host=LOOPBACK,
        sni_port=int(visitors),
        peer_host=host,
        peer_port=int(control),
    )
    await server.start()
    await asyncio.Event().wait()


async def client(host: str, control: str, origin: str, hostname: str) -> None:
    token = generate_client_token(FERNET_KEYS, timedelta(days=1), hostname, AES_KEY, AES_IV)
    peer = ClientPeer(host, int(control))
    await peer.start(Connector(LOOPBACK, int(origin)), token, AES_KEY, AES_IV)
    await peer.wait()


end, *args = sys.argv[1:]
asyncio.run({"relay": relay, "client": client}[end](*args))
