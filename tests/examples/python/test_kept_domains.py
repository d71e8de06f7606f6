"""What is kept for the user's own domains."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from glosson.kept_domains import AcmeAccount, KeptDomains
from glosson.state import State

ACCOUNT = AcmeAccount("https://one.example/dir", "one", "https://one.example/acct/1")


def test_an_account_registered_again_is_kept_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = KeptDomains(State(tmp_path))
    kept.save_account(ACCOUNT)
    kept.note_registered(ACCOUNT, ACCOUNT.url)
    assert caplog.text == ""
    again = "https://one.example/acct/2"
    kept.note_registered(ACCOUNT, again)
    assert kept.account() == replace(ACCOUNT, url=again)
    assert "CAA records" in caplog.text
    assert ACCOUNT.url in caplog.text
    assert again in caplog.text


def test_another_account_that_came_meanwhile_is_left_alone(tmp_path: Path) -> None:
    kept = KeptDomains(State(tmp_path))
    other = AcmeAccount("https://two.example/dir", "two", "https://two.example/acct/7")
    kept.save_account(other)
    kept.note_registered(ACCOUNT, "https://one.example/acct/2")
    assert kept.account() == other
