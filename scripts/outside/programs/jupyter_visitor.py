"""A browser's part with a Jupyter server: python jupyter_visitor.py URL TOKEN"""
import json
import sys
import uuid

import requests
import websocket
from cases import test

URL, TOKEN = sys.argv[1:]
HEADERS = {"Authorization": f"token {TOKEN}", "Origin": URL}


def api(method, path, **options):
    answer = requests.request(method, f"{URL}/api/{path}", headers=HEADERS, timeout=20, **options)
    assert answer.ok, f"status {answer.status_code}"
    return answer.json() if answer.content else None


def login():
    """As the form does it, with its cookie against forgery."""
    session = requests.Session()
    session.get(f"{URL}/login", timeout=20)
    data = {"password": TOKEN, "_xsrf": session.cookies.get("_xsrf")}
    answer = session.post(f"{URL}/login?next=/api/status", data=data, headers={"Origin": URL}, timeout=20)
    assert answer.ok and "started" in answer.text, f"status {answer.status_code}"


def contents():
    body = {"type": "file", "format": "text", "content": "ö" * 500_000}
    api("PUT", "contents/a.txt", json=body)
    assert len(api("GET", "contents/a.txt")["content"]) == 500_000
    api("DELETE", "contents/a.txt")


def kernel():
    """Runs one cell, which goes over a WebSocket that compares Origin with Host."""
    identity = api("POST", "kernels", json={"name": "python3"})["id"]
    address = f"ws{URL.removeprefix('http')}/api/kernels/{identity}/channels?token={TOKEN}"
    socket = websocket.create_connection(address, origin=URL, timeout=20)
    try:
        header = {
            "msg_id": uuid.uuid4().hex,
            "msg_type": "execute_request",
            "username": "",
            "session": uuid.uuid4().hex,
            "version": "5.3",
        }
        content = {"code": "print(6 * 7)", "silent": False, "store_history": False}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        socket.send(json.dumps({**message, "channel": "shell"}))
        while True:
            said = json.loads(socket.recv())
            if said["msg_type"] == "stream":
                assert said["content"]["text"] == "42\n", said["content"]
                return
    finally:
        socket.close()
        api("DELETE", f"kernels/{identity}")


for name, run in {"login": login, "contents": contents, "a cell runs": kernel}.items():
    test(name, run)
