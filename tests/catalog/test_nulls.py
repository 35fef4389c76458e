"""Nulls of a target: a sample by id, and scores by the functions of the real rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from scope.catalog.fetch_nulls import SampleOptions, fetch_nulls
from scope.catalog.field_check import KINDS
from scope.catalog.infer_file import infer_files
from scope.catalog.score_nulls import score_nulls
from scope.errors import InputError
from scope.features.generate_features import generate_features
from scope.features.options import FeatureOptions
from scope.io import read_metadata, read_table, write_table
from scope.lightcurves import LightCurves
from scope.lightcurves.cleaning import CleaningOptions
from scope.periods import PeriodOptions
from scope.surveys.simulation import simulate_stars
from scope.tasks.variables.bundles.model_bundle import ModelBundle

CLEANING = CleaningOptions(20)
OPTIONS = FeatureOptions(periods=PeriodOptions(max_freq=2.0))
ALL = SampleOptions(rows=1000, share=1.0, least=1)


class Survey:
    """Some light curves, by id; in place of a survey."""

    def __init__(self, curves: LightCurves) -> None:
        self.curves = curves

    def lightcurves(self, ids):
        place = {one: row for row, one in enumerate(self.curves.ids.tolist())}
        found = self.curves.take([place.get(one, 0) for one in ids.tolist()])
        lengths = [
            n if one in place else 0 for one, n in zip(ids.tolist(), found.n_epochs, strict=True)
        ]
        keep = np.repeat(np.array(lengths) > 0, found.n_epochs)
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        flags = None if found.catflags is None else found.catflags[keep]
        return LightCurves(
            ids, offsets, found.time[keep], found.mag[keep], found.magerr[keep], flags,
            found.time_zero_hjd,
        )  # fmt: skip


@pytest.fixture(scope="module")
def field(tmp_path_factory):
    """Simulated light curves, and their features in one file and in two."""
    folder = tmp_path_factory.mktemp("field")
    curves, _ = simulate_stars(["RRab", "EW", "CONST"], 12, 5, years=1.0, n_epochs_median=60)
    write_table(curves.to_arrow(), folder / "curves.parquet")
    whole = folder / "features.parquet"
    generate_features(folder / "curves.parquet", whole, cleaning=CLEANING, options=OPTIONS)
    table = read_table(whole)
    parts = [folder / "one.parquet", folder / "two.parquet"]
    for part, rows in zip(parts, (table.slice(0, 7), table.slice(7)), strict=True):
        write_table(rows, part, read_metadata(whole))
    return Survey(curves), whole, parts, folder


def drawn(path: Path) -> list[int]:
    return sorted(set(read_table(path, ["of"]).column("of").to_pylist()))


def test_the_sample_does_not_depend_on_units_or_their_order(field, tmp_path):
    survey, whole, parts, _ = field
    sample = SampleOptions(rows=5, share=1.0, least=1)
    for number, paths in enumerate(([whole], parts, parts[::-1])):
        fetch_nulls(paths, [survey], tmp_path / f"{number}", cleaning=CLEANING, sample=sample)
    assert (tmp_path / "0").read_bytes() == (tmp_path / "1").read_bytes()
    assert (tmp_path / "0").read_bytes() == (tmp_path / "2").read_bytes()
    assert len(drawn(tmp_path / "0")) == 5


def test_a_larger_sample_holds_the_smaller_one_alike(field, tmp_path):
    survey, whole, _, _ = field
    tables = []
    for rows in (3, 9):
        path = tmp_path / f"{rows}"
        sample = SampleOptions(rows=rows, share=1.0, least=1)
        fetch_nulls([whole], [survey], path, cleaning=CLEANING, sample=sample)
        table = read_table(path)
        keys = zip(table.column("null").to_pylist(), table.column("of").to_pylist(), strict=True)
        tables.append(dict(zip(keys, table.column("mag").to_pylist(), strict=True)))
    assert len(tables[0]) == 2 * 3
    assert all(tables[1][key] == mag for key, mag in tables[0].items())


def test_an_unchanged_light_curve_gets_the_scores_of_its_real_row(
    field, tmp_path, monkeypatch, root
):
    """Nothing but the light tells a null from a real row: the paths through the stages agree."""
    survey, whole, _, _ = field
    same = {kind: lambda curves, seed: curves for kind in KINDS}
    monkeypatch.setattr("scope.catalog.fetch_nulls.NULLS", same)
    bundles = [ModelBundle.load(root / "models" / name / "starter") for name in ("dnn", "xgb")]
    fetch_nulls([whole], [survey], tmp_path / "nulls", cleaning=CLEANING, sample=ALL)
    score_nulls(tmp_path / "nulls", tmp_path / "scores", bundles=bundles, options=OPTIONS)
    found = read_table(tmp_path / "scores").to_pandas().set_index(["null", "of"])
    for bundle in bundles:
        infer_files([whole], tmp_path / "real.parquet", bundle=bundle)
        real = read_table(tmp_path / "real.parquet").to_pandas().set_index("_id")
        real = real[real["reason"].isna()]
        column = bundle.column("vnv")
        for kind in KINDS:
            assert found.loc[kind].index.tolist() == real.index.tolist()
            assert np.array_equal(found.loc[kind][column], real[column])
            assert found.loc[kind]["alias_trend"].tolist() == real["alias_trend"].tolist()


def test_a_light_curve_that_is_gone_is_a_row_with_a_reason(field, tmp_path, root):
    survey, whole, _, _ = field
    fewer = Survey(survey.curves.take(np.arange(1, len(survey.curves))))
    fetch_nulls([whole], [fewer], tmp_path / "nulls", cleaning=CLEANING, sample=ALL)
    bundle = ModelBundle.load(root / "models" / "xgb" / "starter")
    score_nulls(tmp_path / "nulls", tmp_path / "scores", bundles=[bundle], options=OPTIONS)
    table = read_table(tmp_path / "scores")
    gone = int(survey.curves.ids[0])
    lines = [row for row in table.to_pylist() if row["of"] == gone]
    assert [row["reason"] for row in lines] == ["no_light_curve"] * 2
    assert [row["vnv_xgb"] for row in lines] == [None] * 2


@pytest.mark.parametrize("rows", ["none", "without features"])
def test_of_nothing_nothing_is_drawn(field, tmp_path, root, rows):
    """A list of sources of which the survey has none goes through the workflow, too."""
    survey, whole, _, _ = field
    table = read_table(whole)
    at = table.schema.get_field_index("reason")
    reasons = pa.array(["too_few_epochs"] * len(table), pa.string())
    table = table.slice(0, 0) if rows == "none" else table.set_column(at, "reason", reasons)
    write_table(table, tmp_path / "empty.parquet", read_metadata(whole))
    fetch_nulls([tmp_path / "empty.parquet"], [survey], tmp_path / "nulls", cleaning=CLEANING)
    bundle = ModelBundle.load(root / "models" / "xgb" / "starter")
    score_nulls(tmp_path / "nulls", tmp_path / "scores", bundles=[bundle], options=OPTIONS)
    assert len(read_table(tmp_path / "nulls")) == len(read_table(tmp_path / "scores")) == 0


def test_no_survey_is_an_error(field, tmp_path):
    with pytest.raises(InputError):
        fetch_nulls([field[1]], [], tmp_path / "nulls", cleaning=CLEANING)


@pytest.mark.parametrize(("light_curves", "size"), [(0, 0), (50, 50), (2000, 200), (10**6, 1000)])
def test_the_size_of_a_sample(light_curves, size):
    assert SampleOptions().size(light_curves) == size
