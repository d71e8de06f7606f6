"""The pages of this program's own."""

from __future__ import annotations

import pytest

from glosson.own_page import language_of


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT;q=0.9, en;q=0.8", "de"),
        ("de;q=.8, en;q=.9", "en"),
        ("de;q=1., en;q=0.9", "de"),
        ("en;q=., de;q=0.1", "de"),
        ("de;q=1.0.0", "en"),
        ("de;q=", "en"),
        ("de;q=0", "en"),
    ],
)
def test_the_language_that_suits_best(accepted: str, language: str) -> None:
    assert language_of(accepted) == language
