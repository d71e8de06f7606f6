"""Asks for a page, ends its own side of the connection in one of several ways, and counts the answer.

Arguments: port, host name, file of the authority, TLS version, way (notify, fin or both), path.
Prints the bytes of the answer's body.
"""
import socket
import ssl
import sys

port, hostname, authority, version, way, path = sys.argv[1:]
context = ssl.create_default_context(cafile=authority)
context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)
incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
tls = context.wrap_bio(incoming, outgoing, server_hostname=hostname)
conn = socket.create_connection(("127.0.0.1", int(port)), timeout=20)


def flush():
    conn.sendall(outgoing.read())


def more():
    """Feeds what comes; false at its end."""
    data = conn.recv(65536)
    if data:
        incoming.write(data)
    return bool(data)


while True:
    try:
        tls.do_handshake()
        break
    except ssl.SSLWantReadError:
        flush()
        if not more():
            sys.exit("ended within the handshake")
tls.write(f"GET {path} HTTP/1.1\r\nHost: {hostname}\r\nConnection: close\r\n\r\n".encode())
flush()
if way in ("notify", "both"):
    # Sends close_notify, and reads on: `unwrap` would throw away what is still to come.
    try:
        tls.unwrap()
    except (ssl.SSLWantReadError, ssl.SSLError):
        pass
    flush()
if way in ("fin", "both"):
    conn.shutdown(socket.SHUT_WR)

answer = b""
if way == "fin":
    while True:
        try:
            data = tls.read(65536)
            if not data:
                break
            answer += data
        except ssl.SSLWantReadError:
            if not more():
                break
        except ssl.SSLError:
            break
    print(len(answer.split(b"\r\n\r\n", 1)[1]))
else:
    # OpenSSL decrypts nothing for who has said goodbye: the size of the records tells.
    total = 0
    while True:
        data = conn.recv(1 << 20)
        if not data:
            break
        total += len(data)
    print(total)
