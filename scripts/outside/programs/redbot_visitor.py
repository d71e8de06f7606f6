"""What REDbot finds wrong with a page: python redbot_visitor.py URL"""
import configparser
import socket
import sys

import thor
import thor.dns
from cases import test
from redbot.resource import HttpResource

CONFIG = configparser.ConfigParser()
CONFIG.read_dict({"redbot": {"enable_local_access": "True"}})


def in_hosts(host, port, kind):
    """Resolves by the system, which knows the names of the suites; REDbot asks the DNS."""
    return socket.getaddrinfo(host.decode(), port, socket.AF_INET, kind)


thor.dns._lookup = in_hosts


def wrong(notes):
    """Summaries of what is not right, also in answers to what REDbot asks besides: parts, what is stored."""
    for note in notes:
        if note.level.name in ("WARN", "BAD"):
            yield note.summary
        yield from wrong(note.subnotes)


def check(url):
    """Has REDbot check an address; raises where it finds something wrong."""
    resource = HttpResource(CONFIG["redbot"])
    resource.set_request(url)
    thor.events.on(resource, "check_done")(thor.stop)
    resource.check()
    thor.run()
    assert resource.response.complete, resource.fetch_error or "no answer"
    found = "; ".join(wrong(resource.response.notes))
    assert not found, found


test(f"/{sys.argv[1].split('/', 3)[3]}", lambda: check(sys.argv[1]))
