"""Which quadrants of a field there are features of."""

from __future__ import annotations

import logging
from pathlib import Path

import pyarrow as pa
import pytest

from scope.cli.run import parsed
from scope.cli.run_inference import main
from scope.config import load_config
from scope.errors import CorruptFileError, NotFoundError
from scope.io import write_table
from scope.surveys.archive import Archive
from scope.surveys.get_quad_ids import ArchiveIds, get_quad_ids
from scope.workflows.feature_files import (
    FieldPlace,
    check_downloads,
    check_whole_field,
    feature_files,
)
from tests.surveys.bulk_files import write_bulk


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive with two quadrants of field 300; one has a single, short light curve."""
    monkeypatch.chdir(tmp_path)
    write_bulk(tmp_path / "archive", [30, 40], ccd=2, quad=3)
    write_bulk(tmp_path / "archive", [5], ccd=2, quad=1)
    return tmp_path


def leave(name: str, *quads: int) -> None:
    """Write the ids of quadrants of detector 2 as a file of features."""
    survey = Archive("archive")
    ids = [i for q in quads for i in survey.sources(300, f"ccd_02_quad_{q}")["_id"].to_pylist()]
    Path("features/field_300").mkdir(parents=True, exist_ok=True)
    write_table(pa.table({"_id": sorted(ids)}), f"features/field_300/{name}.parquet", {})


def check(**settings: str) -> None:
    place = parsed("run-inference", FieldPlace, ["--field", "300", "--whole-field"])
    check_whole_field(place, load_config(overrides=settings), feature_files(place))


def test_a_part_of_an_archive_is_not_taken_for_the_field(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leave("gen_features_field_300_ccd_2_quad_3", 3)
    options = ["--field", "300", "--whole-field", "--archive", "archive", "--xgb-model"]
    assert main([*options, "--group-name", "starter"]) == 2
    assert "no features of 1 of 2 quadrants" in (said := capsys.readouterr().err)
    assert "'ccd_02_quad_1'" in said
    assert not Path("preds_xgb").exists()
    # The name of a file tells, and so do the rows of one that has no such name.
    leave("ccd_02_quad_1_iter_0", 1)
    check(archive="archive")
    Path("features/field_300/ccd_02_quad_1_iter_0.parquet").unlink()
    leave("field_300_iter_0", 1)
    check(archive="archive")


def test_a_quadrant_that_was_listed_without_sources_needs_no_features(
    here: Path, caplog: pytest.LogCaptureFixture
) -> None:
    leave("field_300_iter_0", 3)
    with pytest.raises(NotFoundError, match="ccd_02_quad_1"):
        check(archive="archive")
    # Light curves with fewer than 20 epochs are not listed.
    get_quad_ids(ArchiveIds(Archive("archive")), 300, "ids/field_300", whole_field=True)
    check(archive="archive")
    check(survey="kowalski")
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_kowalski_lists_no_quadrants_so_that_their_number_is_told(
    here: Path, caplog: pytest.LogCaptureFixture
) -> None:
    leave("ccd_02_quad_1_iter_0", 1)
    for settings in ({"survey": "kowalski"}, {}):
        caplog.clear()
        check(**settings)
        assert "features of 1 of the 64 quadrants of field_300" in caplog.text
        assert caplog.records[-1].levelno == logging.WARNING
    # What get-quad-ids found sources in must be there.
    get_quad_ids(ArchiveIds(Archive("archive")), 300, "ids/field_300", whole_field=True)
    with pytest.raises(NotFoundError, match=r"1 of 1 quadrants.*'ccd_02_quad_3'"):
        check(survey="kowalski")
    Path("ids/field_300/meta.json").write_text("[]")
    with pytest.raises(CorruptFileError, match="get-quad-ids again"):
        check(survey="kowalski")


def test_an_interrupted_download_of_a_quadrant_is_not_taken_for_the_whole(here: Path) -> None:
    def download(*options: str) -> list[Path]:
        place = parsed(
            "run-inference", FieldPlace, ["--field", "300", "--ccd", "2", "--quad", "3", *options]
        )
        files = feature_files(place)
        check_downloads(place, files)
        return files

    ids = Archive("archive").sources(300, "ccd_02_quad_3")["_id"].to_pylist()
    folder = Path("features/field_300")
    folder.mkdir(parents=True)
    for number, part in ((0, ids[:1]), (2, ids[1:])):
        write_table(pa.table({"_id": part}), folder / f"ccd_02_quad_3_iter_{number}.parquet", {})
    with pytest.raises(NotFoundError, match="ccd_02_quad_3_iter_1"):
        download()
    (folder / "ccd_02_quad_3_iter_2.parquet").unlink()
    # Without its list nothing tells that a last file is missing.
    assert len(download()) == 1
    get_quad_ids(ArchiveIds(Archive("archive")), 300, "ids/field_300", ccds=[2], quads=[3])
    with pytest.raises(NotFoundError, match="no features of 1 of 2 listed"):
        download()
    # Light curves of the list may have come by another way.
    name = "gen_features_field_300_ccd_2_quad_3.parquet"
    write_table(pa.table({"_id": ids[1:]}), folder / name, {})
    assert len(download()) == 2
