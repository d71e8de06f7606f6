"""`glosson status`: how this computer's name stands, here and at the relay."""

from __future__ import annotations

import json
import time

from .api import Api, relay_trust
from .identity import Identity, check_identity, rfc3339
from .install import installed, last_lines
from .lock import take_lock
from .messages import DataAddress
from .records import Account
from .relay_address import read_relay_address
from .service import RUNNING
from .state import State
from .terminal import complain, say

LOG_LINES = 3  # that are shown


async def show(state: State, as_json: bool) -> int:
    """Print it; the exit code is 1 when nothing is set up, or not all is well."""
    account = state.account()
    if account is None:
        if as_json:
            say("null")
        complain(f"nothing is set up in {state.folder}; begin with python -m glosson setup")
        return 1
    told = await read_status(state, account)
    say(json.dumps(told, indent=2, ensure_ascii=False) if as_json else _text(told))
    return 0 if _is_well(told) else 1


async def read_status(state: State, account: Account) -> dict[str, object]:
    """Gather how things stand, with the members that the reference client has."""
    identity = _identity(state, account)
    told: dict[str, object] = {
        "username": account.username,
        "hostname": account.hostname,
        "page": f"https://{account.hostname}",
        "key": None if identity is None else identity.fingerprint,
        "relay": account.relay,
        "state": str(state.folder),
        "running": _is_running(state),
        "why": None,
        "data": None,
        "seen": None,
        "certificate": _certificate(identity),
        "online": None,
        "lastOnlineAt": None,
        "problem": None,
        "installed": installed(state),
        "log": [],
    }
    if told["installed"] is not None:
        told["log"] = last_lines(state, LOG_LINES)
    if told["running"]:  # what one that was killed has left says nothing
        said = state.running() or {}
        for name in ("why", "data", "seen"):
            told[name] = said.get(name)
        told["page"] = said.get("page") or told["page"]
    try:
        api = Api(read_relay_address(account.relay), relay_trust(state.ca()), account.token)
        known = await api.account()
        told["online"], told["lastOnlineAt"] = known["online"], known.get("lastOnlineAt")
    except (RuntimeError, ValueError) as error:
        told["problem"] = str(error)
    return told


def _is_running(state: State) -> bool:
    lock = take_lock(state.path("lock"))
    if lock is not None:
        lock.release()
    return lock is None


def _identity(state: State, account: Account) -> Identity | None:
    saved = state.identity()
    if saved is None:
        return None
    try:
        return check_identity(saved, account.hostname, time.time())
    except ValueError:
        return None


def _certificate(identity: Identity | None) -> dict[str, object] | None:
    if identity is None:
        return None
    return {
        "notAfter": rfc3339(identity.not_after),
        "renewAfter": identity.saved.renew_after,
        "also": list(identity.also),
    }


def _is_well(told: dict[str, object]) -> bool:
    """Whether nothing of what is known keeps visitors away from a client that runs."""
    if told["problem"] is not None:
        return False
    data, seen = told["data"], told["seen"]
    reached = not isinstance(data, dict) or data.get("works") is not False
    own = not isinstance(seen, dict) or seen.get("verdict") != "other"
    return not told["running"] or (told["online"] is True and reached and own)


def _text(told: dict[str, object]) -> str:
    certificate, online = told["certificate"], told["online"]
    known = certificate if isinstance(certificate, dict) else {"notAfter": None, "also": []}
    good = known["notAfter"]
    rows = [
        ("Page", told["page"]),
        *(("Also", host) for host in known["also"]),
        ("Relay", told["relay"]),
        ("State", told["state"]),
        ("Running here", "yes" if told["running"] else "no"),
        ("Installed", _installed(told["installed"])),
        ("Certificate", "none" if good is None else f"good until {good}"),
        ("Key", told["key"] or "none"),
        ("Online", "not known" if online is None else "yes" if online else _offline(told)),
    ]
    if online is not True and told["lastOnlineAt"] is not None:
        rows.append(("Last online", told["lastOnlineAt"]))
    rows.append(("Visitors", _visitors(told)))
    if isinstance(told["seen"], dict):
        rows.append(("From outside", _seen(told["seen"])))
    if told["problem"] is not None:
        rows.append(("Trouble", told["problem"]))
    lines = [f"{name + ':':14}{value}" for name, value in rows]
    log = told["log"]
    if isinstance(log, list) and log:
        lines += ["", "It said last:", *(f"  {line}" for line in log)]
    return "\n".join(lines)


def _installed(told: object) -> str:
    if not isinstance(told, dict):
        return "no: it does not begin by itself"
    if told["state"] == RUNNING:
        return f"yes, by {told['by']}"
    return f"yes, by {told['by']}, but it does not run: see logs"


def _offline(told: dict[str, object]) -> str:
    return "no" if told["why"] is None else f"no: {told['why']}"


def _seen(seen: dict[str, object]) -> str:
    """Tell what the reference client saw of its own page; this one does not look."""
    since, why = seen.get("since"), seen.get("why")
    if seen.get("verdict") == "own":
        return f"visitors get through to this computer alone, as of {seen.get('at')}"
    if seen.get("verdict") == "other":
        return f"SOMEBODY ELSE ANSWERS in this computer's place since {since}: {why}"
    return f"could not be looked at since {since}: {why}"


def _visitors(told: dict[str, object]) -> str:
    data = told["data"]
    if not told["running"]:
        return "not served from here: no glosson run is running; start one"
    if not isinstance(data, dict):
        return "not known yet: no connection for them was made"
    where = DataAddress(str(data.get("host")), data.get("port") or 0)
    address = f"the relay's data port {where}"
    if data.get("works") and data.get("over") == "websocket":
        return (
            "can be served: by WebSockets to the relay's own port, since "
            f"{address} cannot be used in this network"
        )
    if data.get("works"):
        return f"can be served: {address} is reached"
    since, problem = data.get("since"), data.get("problem")
    return f"CANNOT BE SERVED since {since}: {address} cannot be used, {problem}"
