"""A visitor of that project: python django_visitor.py URL"""
import sys
import time

import requests
from cases import test

URL = sys.argv[1]


def token(session):
    return session.get(f"{URL}/form/", timeout=10).text


def post(origin):
    session = requests.Session()
    data = {"name": "ö", "csrfmiddlewaretoken": token(session)}
    headers = {"Origin": origin, "Referer": f"{origin}/form/"}
    files = {"file": ("a.bin", b"x" * 3_000_000)}
    return session.post(f"{URL}/form/", data=data, files=files, headers=headers, timeout=10)


def form_with_a_file():
    answer = post(URL)
    assert answer.status_code == 200, answer.status_code
    assert answer.json() == {"name": "ö", "size": 3_000_000}, answer.text[:60]


def foreign_form():
    assert post("https://evil.example").status_code == 403, "let in"


def address():
    seen = requests.get(f"{URL}/where/", timeout=10).json()
    assert seen == {"url": f"{URL}/x", "secure": URL.startswith("https")}, seen


def slash():
    answer = requests.get(f"{URL}/where", timeout=10)
    assert answer.url == f"{URL}/where/", answer.url


def moved():
    assert requests.get(f"{URL}/moved/", timeout=10).url == f"{URL}/where/"


def streamed():
    times = []
    with requests.get(f"{URL}/slow/", stream=True, timeout=10) as answer:
        for _ in answer.iter_lines(chunk_size=1):
            times.append(time.monotonic())
    assert len(times) == 5 and times[-1] - times[0] > 0.4, "held back"


CASES = {
    "a form with a file": form_with_a_file,
    "a form from elsewhere is refused": foreign_form,
    "the app knows its address": address,
    "the slash that was forgotten": slash,
    "a redirect": moved,
    "an answer that streams": streamed,
}

for name, run in CASES.items():
    test(name, run)
