"""CSV and HDF5 copies of a product, read back."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

from scope.catalog import export
from scope.errors import InputError
from scope.io.frames import read_dataframe, read_parquet
from tests.catalog.tables import write_unit
from tests.catalog.test_publish import write_predictions


@pytest.mark.parametrize("suffix", ["csv", "h5"])
def test_an_export_holds_the_same_rows_values_and_metadata(tmp_path: Path, suffix: str) -> None:
    path = write_predictions(tmp_path, "xgb")
    export(path, tmp_path / f"preds.{suffix}")
    expected = read_parquet(path)
    result = read_dataframe(tmp_path / f"preds.{suffix}")
    assert result.attrs == expected.attrs
    # CSV knows the nullable integer types only
    pd.testing.assert_frame_equal(result, expected, check_dtype=suffix == "h5")
    assert result["Gaia_EDR3___id"].max() > 2**53


def test_csv_is_plain_behind_its_first_line(tmp_path: Path) -> None:
    path = write_predictions(tmp_path, "xgb", n=4)
    export(path, tmp_path / "preds.csv")
    frame = pd.read_csv(tmp_path / "preds.csv", comment="#")
    assert frame["_id"].tolist() == [100, 101, 102, 103]
    assert frame["reason"].tolist()[2] == "too_few_epochs"
    assert frame["ea_xgb"].isna().tolist() == [False, False, True, False]


def test_the_pieces_in_which_csv_is_written_do_not_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_predictions(tmp_path, "dnn")
    export(path, tmp_path / "one.csv")
    monkeypatch.setattr(sys.modules["scope.catalog.export"], "PIECE_ROWS", 7)
    export(path, tmp_path / "other.csv")
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "other.csv").read_bytes()


def test_an_unknown_format_and_lists_in_csv_are_refused(tmp_path: Path) -> None:
    unit = write_unit(tmp_path / "unit.parquet", [1, 2])
    with pytest.raises(InputError, match="csv, h5"):
        export(unit, tmp_path / "unit.fits")
    with pytest.raises(InputError, match="dmdt"):
        export(unit, tmp_path / "unit.csv")
    assert not (tmp_path / "unit.csv").exists()
