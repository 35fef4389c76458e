"""Copies of training light curves, written with their truth."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from scope.errors import InputError
from scope.identifiers import Scheme, decode
from scope.io import read_table, write_table
from scope.lightcurves.cleaning import CleaningOptions, decimate
from scope.surveys.simulation import simulate_stars
from scope.surveys.twins import CopyOptions, make_twins

CLEANING = CleaningOptions(min_epochs=30)


def simulated(folder: Path, classes: Any = "balanced", n: int = 146) -> tuple[Path, Path]:
    """Write simulated light curves and their truth."""
    curves, truth = simulate_stars(classes, n, 3, years=2.0, n_epochs_median=80)
    table = curves.to_arrow()
    write_table(table, folder / "curves.parquet", {})
    write_table(truth, folder / "truth.parquet", {})
    return folder / "curves.parquet", folder / "truth.parquet"


def copies(folder: Path, paths: tuple[Path, Path], **options: Any) -> tuple[Any, pd.DataFrame]:
    """Return light curves by id, and the truth, of copies."""
    make_twins(*paths, folder / "out", cleaning=CLEANING, options=CopyOptions(**options))
    curves = read_table(folder / "out" / "lightcurves.parquet").to_pandas()
    truth = read_table(folder / "out" / "truth.parquet").to_pandas()
    assert curves["objectid"].tolist() == truth["objectid"].tolist()
    return curves.set_index("objectid"), truth


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any, Any]:
    """Parents, copies and their truth."""
    folder = tmp_path_factory.mktemp("twins")
    paths = simulated(folder)
    curves, truth = copies(folder, paths, thinned=0.3)
    parents = read_table(paths[0]).to_pandas().set_index("_id")
    return parents, curves, truth


def points(row: pd.Series) -> tuple[Any, Any, Any]:
    return row["hmjd"], row["mag"], row["magerr"]


def test_twins_have_the_epochs_of_their_parents(made: tuple[Any, Any, Any]) -> None:
    parents, curves, truth = made
    for line in truth.itertuples():
        assert set(curves.loc[line.objectid, "hmjd"]) <= set(parents.loc[line.parent, "hmjd"])


@pytest.mark.parametrize("kind", ["shuffled", "shuffled_in_season"])
def test_shuffles_have_the_measurements_of_their_parents(
    made: tuple[Any, Any, Any], kind: str
) -> None:
    parents, curves, truth = made
    chosen = truth[truth["copy"] == kind]
    assert len(chosen) > 10
    for line in chosen.itertuples():
        time, mag, error = points(curves.loc[line.objectid])
        parent = parents.loc[line.parent]
        # Magnitudes move with their errors, so that the pairs are those of the parent.
        pairs = set(zip(parent["mag"], parent["magerr"], strict=True))
        assert set(zip(mag, error, strict=True)) <= pairs
        if len(time) > 60:
            kept = np.isin(parent["hmjd"], time)
            assert np.var(mag) == pytest.approx(np.var(parent["mag"][kept]), rel=1e-4)
        assert not np.array_equal(mag, parent["mag"][np.isin(parent["hmjd"], time)])


def test_shuffles_within_seasons_keep_the_measurements_of_each(made: tuple[Any, Any, Any]) -> None:
    parents, curves, truth = made
    for line in truth[truth["copy"] == "shuffled_in_season"].itertuples():
        time, mag, _ = points(curves.loc[line.objectid])
        parent = parents.loc[line.parent]
        kept = np.isin(parent["hmjd"], time)
        gaps = np.flatnonzero(np.diff(time) > 60.0) + 1
        for new, old in zip(np.split(mag, gaps), np.split(parent["mag"][kept], gaps), strict=True):
            if len(time) > 60:
                np.testing.assert_array_equal(np.sort(new), np.sort(old))


def test_noise_is_as_large_as_the_errors_say(made: tuple[Any, Any, Any]) -> None:
    _, curves, truth = made
    pulls = []
    for line in truth[truth["copy"] == "noise"].itertuples():
        _, mag, error = points(curves.loc[line.objectid])
        pulls.append((mag - np.average(mag, weights=error**-2)) / error)
    joined = np.concatenate(pulls)
    assert joined.var() == pytest.approx(1.0, abs=0.05)


def test_as_many_light_curves_are_constant_as_vary(tmp_path: Path) -> None:
    # 50 variable stars and 25 constant ones: with a twin for each second variable star, both
    # come to the same number. Noise alone, since shuffles of some classes are neither.
    classes = ["RRab", "EW", "CONST"]
    paths = simulated(tmp_path, classes, 150)
    _, truth = copies(tmp_path, paths, kinds=("noise",))
    labels = [*read_table(paths[1]).column("labels").to_pylist(), *truth["labels"]]
    found = Counter("non-variable" in names for names in labels)
    assert found[True] == pytest.approx(found[False], rel=0.2)
    assert len(truth) == pytest.approx(found[False] / 2, rel=0.25)


def test_copies_are_those_of_the_light_curve_and_no_other(tmp_path: Path) -> None:
    paths = simulated(tmp_path, ["RRab", "CV", "EA"], 30)
    many, _ = copies(tmp_path, paths, thinned=0.5)
    again, _ = copies(tmp_path, paths, thinned=0.5)
    pd.testing.assert_frame_equal(many, again)
    table = read_table(paths[0])
    write_table(table.slice(20), tmp_path / "curves.parquet", {})
    few, truth = copies(tmp_path, paths, thinned=0.5)
    assert set(truth["parent"]) <= set(table.column("_id").to_pylist()[20:])
    pd.testing.assert_frame_equal(few, many.loc[few.index])


def test_ids_of_copies_are_of_no_survey_and_their_stars_are_the_parents(
    made: tuple[Any, Any, Any],
) -> None:
    truth = made[2]
    assert truth["objectid"].is_unique
    assert (decode(truth["objectid"].to_numpy()).scheme == Scheme.OPAQUE).all()
    assert set(truth["survey"]) == {"simulation"}


def test_thinned_copies_vary_as_their_parents_and_have_few_epochs(
    made: tuple[Any, Any, Any],
) -> None:
    parents, curves, truth = made
    thin = truth[truth["copy"].isin(["thinned", "alerts"])]
    assert len(thin) > 20
    for line in thin.itertuples():
        time, mag, _ = points(curves.loc[line.objectid])
        assert 20 <= len(time) <= 50
        parent = parents.loc[line.parent]
        of = dict(zip(parent["hmjd"], parent["mag"], strict=True))
        np.testing.assert_array_equal(mag, [of[t] for t in time])
    # They have twins of their own, or few epochs would tell that a star varies.
    few = curves["hmjd"].map(len) <= 50
    constant = truth.set_index("objectid")["labels"].map(lambda names: "non-variable" in names)
    assert 0.25 < constant[few].mean() < 0.75


def test_copies_like_alerts_are_all_away_from_the_median(made: tuple[Any, Any, Any]) -> None:
    parents, curves, truth = made
    chosen = truth[truth["copy"] == "alerts"]
    assert len(chosen)
    for line in chosen.itertuples():
        _, mag, error = points(curves.loc[line.objectid])
        parent = parents.loc[line.parent]
        good = parent["catflags"] == 0
        kept = parent["mag"][good][decimate(parent["hmjd"][good])]
        # A difference of 5 sigma in flux is one of more than 4 in magnitudes.
        assert (np.abs(mag - np.median(kept)) > 4 * error).all()


@pytest.mark.parametrize(
    "options", [{"twins": -1}, {"kinds": ()}, {"kinds": ("noisy",)}, {"few_epochs": (50, 20)}]
)
def test_copies_that_cannot_be_made_are_an_error(options: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        CopyOptions(**options)


def test_a_light_curve_without_truth_is_an_error(tmp_path: Path) -> None:
    paths = simulated(tmp_path, ["RRab"], 4)
    write_table(read_table(paths[1]).slice(1), paths[1], {})
    with pytest.raises(InputError, match="without a line of truth"):
        copies(tmp_path, paths)


def test_positions_field_and_filter_are_the_parents(tmp_path: Path) -> None:
    time = np.arange(59000.0, 59100.0)
    row = {
        "objectid": 701101300000005,
        "objra": 10.0,
        "objdec": 20.0,
        "hmjd": time,
        "mag": 15.0 + np.sin(time),
        "magerr": np.full(100, 0.02),
    }
    write_table(pa.Table.from_pylist([row]), tmp_path / "curves.parquet", {})
    line = {"objectid": row["objectid"], "sourceid": "a", "labels": ["variable"], "survey": "mine"}
    write_table(pa.Table.from_pylist([line]), tmp_path / "truth.parquet", {})
    paths = tmp_path / "curves.parquet", tmp_path / "truth.parquet"
    curves, truth = copies(tmp_path, paths, twins=4.0)
    assert truth["copy"].is_unique
    assert len(truth) == 4
    assert set(truth["survey"]) == {"mine"}
    assert set(curves[["objra", "objdec", "field", "ccd", "quad", "filter"]].itertuples(False)) == {
        (10.0, 20.0, 701, 1, 3, 1)
    }
