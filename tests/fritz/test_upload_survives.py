"""An upload under faults and kills: everything is on the server, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from scope.errors import UsageError
from scope.fritz.journal import Journal
from tests.fritz.uploading import posted, star_rows, start_child, wait_for_posts
from tests.services.fritz_sky import SCALE, furnish
from tests.services.fritz_stub import Fault, StubFritz
from tests.services.fritz_stub.faults import RATE

SOURCES, CLASSES, BATCH = 50, 4, 8
TROUBLES = (RATE, Fault("done", 504), Fault("cut"), Fault("half"), Fault("late", 504, 0.005))


def test_two_hundred_classifications_under_faults_and_three_kills(tmp_path: Path) -> None:
    with StubFritz(scale=SCALE) as stub:
        furnish(stub)
        stub.faults.at_random(0.08, TROUBLES, seed=3)
        stub.faults.next(Fault("down", 504), of="POST /api/classification")
        for kill in range(3):
            child = start_child(stub, tmp_path, SOURCES, CLASSES, BATCH)
            wait_for_posts(stub, 5 * (kill + 1), child)
            child.kill()
            assert child.wait() == -9
        child = start_child(stub, tmp_path, SOURCES, CLASSES, BATCH)
        assert child.wait(120) == 0, (tmp_path / "child.err").read_text()
        expected = {
            (row.obj_id, entry.fritz_label, entry.taxonomy_id, (4,))
            for row in star_rows(SOURCES, CLASSES)
            for entry in row.classes
        }
        found = posted(stub)
        assert set(found) == expected
        assert set(found.values()) == {1}
        assert sum(stub.faults.injected.values()) > 5
        # a second run has nothing to do, and asks nothing
        stub.faults.clear()
        before = len(stub.requests)
        again = start_child(stub, tmp_path, SOURCES, CLASSES, BATCH)
        assert again.wait(60) == 0
        assert len(stub.requests) == before


def test_two_uploads_cannot_share_a_journal(tmp_path: Path) -> None:
    with (
        Journal(tmp_path / "j", "server"),
        pytest.raises(UsageError, match="another process"),
    ):
        Journal(tmp_path / "j", "server")
