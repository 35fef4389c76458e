"""``--replace-classifications``: what is on the server afterwards is what the table says.

Expected values are the documented rule: the old classifications of the groups go, and of each
class the first row of a source counts.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from scope.fritz.journal import Journal
from scope.fritz.taxonomy_map import Entry
from scope.fritz.upload import Upload, UploadOptions
from scope.fritz.upload_rows import UploadRow
from tests.services.fritz_sky import GROUP, client_of


def row(number: int, **classes: float) -> UploadRow:
    return UploadRow(
        number, 10.0, 20.0, "star", classes={Entry(name, 1): p for name, p in classes.items()}
    )


def upload(stub, rows: list[UploadRow], *, batch: int = 100, replaces: bool = True) -> None:
    """Upload rows; the journal lies in the working directory."""
    options = UploadOptions(
        (GROUP,),
        use_existing_obj_id=True,
        skip_phot=True,
        replace_classifications=replaces,
        batch=batch,
    )
    fritz = client_of(stub, Path())
    with Journal("journal.jsonl", fritz.options.address) as journal:
        Upload(fritz, journal, options, None).run(rows)


def posted(stub) -> dict[str, float]:
    rows = stub.database.all("select * from classifications")
    assert len({one["classification"] for one in rows}) == len(rows)
    return {one["classification"]: one["probability"] for one in rows}


@pytest.fixture
def old(stub) -> None:
    """A source with classifications of an earlier model."""
    stub.call("POST", "/api/sources", {"id": "star", "ra": 10.0, "dec": 20.0, "group_ids": [4]})
    for name in ("variable", "RR Lyrae"):
        one = {"obj_id": "star", "classification": name, "taxonomy_id": 1, "probability": 0.2}
        stub.call("POST", "/api/classification", {**one, "group_ids": [GROUP], "origin": "SCoPe"})


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_two_rows_of_one_source_replace_once(stub, old, batch: int) -> None:
    upload(stub, [row(0, variable=0.9), row(1, variable=0.8)], batch=batch)
    assert posted(stub) == {"variable": 0.9}


@pytest.mark.parametrize("batch", [1, 2, 100])
@pytest.mark.parametrize("turned", [False, True])
def test_classes_of_two_rows_stand_side_by_side(stub, old, batch: int, turned: bool) -> None:
    rows = [row(0, variable=0.9), row(1, flaring=0.8, periodic=0.7)]
    upload(stub, rows[::-1] if turned else rows, batch=batch)
    assert posted(stub) == {"variable": 0.9, "flaring": 0.8, "periodic": 0.7}


def test_an_upload_that_goes_on_after_a_kill_does_not_replace_again(stub, old, monkeypatch) -> None:
    rows = [row(0, variable=0.9), row(1, variable=0.8, flaring=0.7), row(2, periodic=0.6)]
    real = Upload._classify

    def killed(self, which, *rest) -> None:
        if which.number == 2:
            raise KeyboardInterrupt
        real(self, which, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(Upload, "_classify", killed)
        with pytest.raises(KeyboardInterrupt):
            upload(stub, rows, batch=1)
    upload(stub, rows, batch=1)
    assert posted(stub) == {"variable": 0.9, "flaring": 0.7, "periodic": 0.6}


def test_a_row_that_was_edited_replaces_its_own_and_leaves_the_other_rows(stub, old) -> None:
    upload(stub, [row(0, variable=0.9), row(1, flaring=0.8)])
    upload(stub, [row(0, variable=0.9), row(1, flaring=0.5)])
    assert posted(stub) == {"variable": 0.9, "flaring": 0.5}


def test_what_was_posted_or_found_without_replacing_is_there_afterwards(stub, old) -> None:
    rows = [row(0, variable=0.9, flaring=0.8)]
    upload(stub, rows, replaces=False)
    assert posted(stub) == {"variable": 0.2, "RR Lyrae": 0.2, "flaring": 0.8}
    upload(stub, rows)
    assert posted(stub) == {"variable": 0.9, "flaring": 0.8}
