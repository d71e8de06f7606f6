"""Changes of keys cost more than they carry: others have their turn between them."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from conftest import HOST
from glosson.front import Front
from test_front import GET, with_front

KEY_UPDATES = 5_000
MOST_HELD_S = 0.012  # of CPU time by one turn of the event loop; a read of them takes some 50 ms
APPLICATION_DATA, HANDSHAKE = 23, 22
KEY_UPDATE = b"\x18\0\0\1\0"


class Sealed:
    """What a client says under the keys of a TLS 1.3 connection (RFC 8446 sections 5.2 and 7)."""

    def __init__(self, secret: bytes) -> None:
        self._renew(secret)

    def _renew(self, secret: bytes) -> None:
        self._secret, self._sent = secret, 0
        self._key = AESGCM(self._expand(b"key", 32))
        self._iv = int.from_bytes(self._expand(b"iv", 12), "big")

    def _expand(self, label: bytes, length: int) -> bytes:
        label = b"tls13 " + label
        info = length.to_bytes(2, "big") + bytes([len(label)]) + label + b"\0"
        return HKDFExpand(hashes.SHA384(), length, info).derive(self._secret)

    def record(self, kind: int, data: bytes) -> bytes:
        inner = data + bytes([kind])
        head = b"\x17\3\3" + (len(inner) + 16).to_bytes(2, "big")
        nonce = (self._iv ^ self._sent).to_bytes(12, "big")
        self._sent += 1
        return head + self._key.encrypt(nonce, inner, head)

    def key_update(self) -> bytes:
        record = self.record(HANDSHAKE, KEY_UPDATE)
        self._renew(self._expand(b"traffic upd", hashlib.sha384().digest_size))
        return record


async def shake_hands(visitor: socket.socket, keys: Path) -> bytes:
    """Make a handshake; return the secret that the visitor's records are under."""
    loop = asyncio.get_running_loop()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.keylog_filename = str(keys)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=HOST)
    while True:
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            await loop.sock_sendall(visitor, outgoing.read())
            incoming.write(await loop.sock_recv(visitor, 65536))
        else:
            await loop.sock_sendall(visitor, outgoing.read())
            cipher = tls.cipher()
            assert cipher is not None and cipher[0] == "TLS_AES_256_GCM_SHA384"
            lines = (line.split() for line in keys.read_text().splitlines())
            return next(bytes.fromhex(a[2]) for a in lines if a[0] == "CLIENT_TRAFFIC_SECRET_0")


async def longest_turn(over: asyncio.Event) -> float:
    """Return the most CPU time in seconds that this thread had between two turns."""
    longest, last = 0.0, time.thread_time()
    while not over.is_set():
        await asyncio.sleep(0)
        now = time.thread_time()
        longest, last = max(longest, now - last), now
    return longest


def test_others_have_their_turn_between_changes_of_keys(identity: Path, tmp_path: Path) -> None:
    async def use(_front: Front, visitor: Callable[[], socket.socket]) -> None:
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        greedy = visitor()
        sealed = Sealed(await shake_hands(greedy, tmp_path / "keys"))
        flood = b"".join(sealed.key_update() for _ in range(KEY_UPDATES))
        turns = asyncio.ensure_future(longest_turn(over))
        sending = asyncio.ensure_future(
            loop.sock_sendall(greedy, flood + sealed.record(APPLICATION_DATA, GET))
        )
        # Tickets that may come first are some hundreds of bytes.
        answered = 0
        while answered < 1_000 and (piece := await loop.sock_recv(greedy, 65536)):
            answered += len(piece)
        over.set()
        await sending
        greedy.close()
        assert await turns < MOST_HELD_S

    with_front(identity, use)
