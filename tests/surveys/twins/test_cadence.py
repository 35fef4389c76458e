"""No class is told from its cadence alone."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from scope.io import write_table
from scope.lightcurves.cleaning import CleaningOptions
from scope.surveys.simulation import CLASSES, simulate_stars
from scope.surveys.twins import CopyOptions, make_twins
from tests.cadence import Rows, cadence_auc

CLEANING = CleaningOptions(min_epochs=20)


def survey(folder: Path, name: str, classes: list[str], n: int, **sky: float) -> tuple[Path, Path]:
    """Write the light curves of a survey and their truth."""
    folder.mkdir()
    curves, truth = simulate_stars(classes, n, 4, bands="r", **sky)
    stars = pa.array([f"{name} {star}" for star in truth.column("sourceid").to_pylist()])
    # Ids of the second survey must not be those of the first.
    shift = 10**6 * len(name)
    ids = pa.array(truth.column("objectid").to_numpy() + shift)
    truth = truth.drop_columns(["sourceid", "objectid"])
    truth = truth.append_column("sourceid", stars).append_column("objectid", ids)
    truth = truth.append_column("survey", pa.array([name] * len(truth)))
    table = curves.to_arrow().drop_columns(["_id"]).append_column("_id", ids)
    write_table(table, folder / "curves.parquet", {})
    write_table(truth, folder / "truth.parquet", {})
    return folder / "curves.parquet", folder / "truth.parquet"


@pytest.fixture(scope="module")
def parents(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, Path]]:
    """Two surveys: one of them has variable stars only."""
    folder = tmp_path_factory.mktemp("cadence")
    mixed = [name for name, member in CLASSES.items() for _ in range(member.balanced)]
    stars = ["RRc", "EB", "EW", "DCEP-F", "DSCT"]
    return [
        survey(folder / "a", "mixed", mixed, 500, years=3.0, n_epochs_median=150),
        survey(folder / "b", "stars", stars, 420, years=6.0, n_epochs_median=300),
    ]


def test_without_twins_the_cadence_betrays_the_class(parents: list[tuple[Path, Path]]) -> None:
    assert cadence_auc(Rows(parents, CLEANING)) > 0.7


def test_with_twins_the_cadence_tells_nothing(parents: list[tuple[Path, Path]]) -> None:
    made = []
    for curves, truth in parents:
        folder = curves.parent / "copies"
        options = CopyOptions(thinned=0.15)
        make_twins(curves, truth, folder, cleaning=CLEANING, options=options)
        made.append((folder / "lightcurves.parquet", folder / "truth.parquet"))
    rows = Rows([*parents, *made], CLEANING)
    assert len(rows.variable) > 1000
    # Some 650 rows of each side: an area of one half is known to 0.016.
    assert cadence_auc(rows) == pytest.approx(0.5, abs=0.05)
