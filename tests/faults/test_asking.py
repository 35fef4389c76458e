"""Kills at random moments in training, scoring and query, and in rounds; the soak has more."""

from __future__ import annotations

import pytest

from tests.faults.asking import strike


@pytest.mark.parametrize(("kind", "kills"), [("scripts", 3), ("rounds", 4)])
def test_a_play_that_is_killed_ends_with_the_same_bytes(kind, kills, tmp_path):
    _, wrong, log = strike(kind, kills, seed=5, folder=tmp_path)
    assert wrong == [], log
