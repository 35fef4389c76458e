"""From catalogues to stars: expected values are by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from scope.checkout import SHIPPED_MODELS
from scope.cli.main import main
from scope.errors import BundleError, InputError
from scope.io import read_metadata, read_table, write_table
from scope.models.calibration.class_calibration import (
    Calibration,
    CalibrationOptions,
    ClassCalibration,
)
from scope.models.calibration.class_tree import ClassTree
from scope.product.publish_stars import publish_stars
from scope.product.star_columns import STAR_COLUMNS
from scope.product.star_fusion import TERMS, StarFusion, StarStack
from scope.provenance import record
from scope.schema import arrow_schema, validate

ARCSEC = 1.0 / 3600.0
TREE = ClassTree({"vnv": None, "ea": "vnv"}, periodic=frozenset({"ea"}))
FUSED = "f" * 64


def write_catalog(path: Path, fused: str = FUSED, **columns: Any) -> Path:
    """Write a catalogue; what is not given is usual."""
    n = len(columns["_id"])
    integers = {"field": 700, "ccd": 1, "quad": 2, "filter": 1, "n_epochs": 100}
    usual: dict[str, Any] = {
        "ra": [10.0] * n,
        "dec": [0.0] * n,
        **{name: pa.array([value] * n, pa.int32()) for name, value in integers.items()},
        "period": [1.0] * n,
        "significance": [9.0] * n,
        "log10_fap": [-5.0] * n,
        "reason": pa.nulls(n, pa.string()),
        "Gaia_EDR3___id": pa.array([0] * n, pa.int64()),
        "ood_p": [0.5] * n,
        "vnv_xgb": [0.5] * n,
        "vnv_p_train": [0.5] * n,
        "ea_p_train": [0.25] * n,
    }
    table = pa.table({**usual, **columns})
    facts = {"bundle": {"xgb": "b"}, "probabilities": {"fusion": fused}}
    write_table(table, path, record("catalog", **facts))
    return path


def write_features(path: Path, **columns: Any) -> Path:
    write_table(pa.table(columns), path, record("features"))
    return path


def hand_made(before: float = 0.5) -> StarFusion:
    """A star's evidence is the sum over its light curves, for two of them."""
    weights = {**dict.fromkeys(TERMS, 0.0), "mean": 2.0}
    item = ClassCalibration("identity", {}, 50, 50, before, 0.5, 0.5, 0.5)
    return StarFusion(
        FUSED,
        {tag: StarStack(weights, 0.0, before) for tag in ("vnv", "ea")},
        Calibration("fused", CalibrationOptions(), {"vnv": item, "ea": item}),
        {},
        "s" * 64,
    )


def stars(tmp_path: Path, catalogs: list[Path], features: list[Path], **more: Any) -> pa.Table:
    output = tmp_path / "stars.parquet"
    publish_stars(catalogs, features, output, **{"fusion": None, "tree": TREE, **more})
    table = read_table(output)
    validate(table, STAR_COLUMNS)
    return table


def test_a_star_of_two_fields_and_three_filters_is_one_row(tmp_path: Path) -> None:
    here = write_catalog(
        tmp_path / "field_700.parquet",
        _id=[2, 3, 9],
        filter=pa.array([1, 2, 2], pa.int32()),
        dec=[0.0, 0.5 * ARCSEC, 1.0],
        n_epochs=pa.array([100, 300, 80], pa.int32()),
        period=[0.5, 0.502, 7.0],
    )
    there = write_catalog(
        tmp_path / "field_701.parquet",
        _id=[1, 5],
        field=pa.array([701, 701], pa.int32()),
        filter=pa.array([2, 3], pa.int32()),
        n_epochs=pa.array([100, 50], pa.int32()),
        period=[1.0, 0.5],
    )
    features = write_features(
        tmp_path / "unit.parquet",
        _id=[1, 2, 3, 5, 9],
        wmean=[17.0, 18.0, 17.4, 16.5, 15.0],
        i90r=[0.1, 0.2, 0.3, 0.4, 0.5],
    )
    table = stars(tmp_path, [here, there], [features])
    first, second = table.to_pylist()
    assert first["light_curves"] == [1, 2, 3, 5]
    assert second["light_curves"] == [9]
    assert first["filters"] == [2, 1, 2, 3]
    assert first["star_id"] == 1
    assert [first[f"n_{band}"] for band in "gri"] == [1, 2, 1]
    assert (first["n_fields"], first["n_light_curves"], first["n_epochs"]) == (2, 4, 550)
    # r: (300 x 17.4 + 100 x 17.0) / 400
    assert first["mag_r"] == pytest.approx(17.3)
    assert first["g_r"] == pytest.approx(0.7)
    assert first["r_i"] == pytest.approx(0.8)
    assert (first["period"], first["period_from"]) == (0.502, "light_curve")
    assert first["n_same_period"] == 3
    assert first["amplitude"] == 0.3
    assert first["name"] == "ZTFJ004000.00+000000.1"
    assert second["mag_g"] is None
    assert second["g_r"] is None
    assert second["mag"] == 15.0
    assert not first["crowded"]


def test_the_period_of_all_bands_together_comes_first(tmp_path: Path) -> None:
    catalog = write_catalog(tmp_path / "c.parquet", _id=[1, 2, 3], dec=[0.0, 0.0, 1.0])
    features = write_features(
        tmp_path / "u.parquet",
        _id=[1, 2, 3],
        wmean=[17.0] * 3,
        period_BANDS=[0.25, 0.25, np.nan],
        n_bands_BANDS=[2.0, 2.0, np.nan],
        significance_BANDS=[99.0, 99.0, np.nan],
        log10_fap_BANDS=[-20.0, -20.0, np.nan],
    )
    table = stars(tmp_path, [catalog], [features])
    assert table.column("period").to_pylist() == [0.25, 1.0]
    assert table.column("period_from").to_pylist() == ["bands", "light_curve"]
    assert table.column("significance").to_pylist() == [99.0, 9.0]
    assert table.column("n_same_period").to_pylist() == [0, 1]
    # both light curves are of field 700, quadrant 2 and filter g
    assert table.column("crowded").to_pylist() == [True, False]


def test_every_light_curve_is_in_one_star_and_a_star_without_scores_says_why(
    tmp_path: Path,
) -> None:
    reason = pa.array([None, "too_few_epochs", "impossible_position"], pa.string())
    values = pa.array([0.5, None, None], pa.float64())
    catalog = write_catalog(
        tmp_path / "c.parquet",
        _id=[1, 2, 3],
        ra=pa.array([10.0, 10.0, None]),
        dec=pa.array([0.0, 0.0, None]),
        reason=reason,
        vnv_p_train=values,
        ea_p_train=values,
    )
    table = stars(tmp_path, [catalog], [], fusion=hand_made())
    assert table.column("light_curves").to_pylist() == [[1, 2], [3]]
    assert table.column("n_scored").to_pylist() == [1, 0]
    assert table.column("reason").to_pylist() == [None, "impossible_position"]
    assert table.column("probability_reason").to_pylist() == [None, "no_scores"]
    assert table.column("name").to_pylist()[1] is None
    assert table.column("vnv_p").to_pylist()[1] is None


def test_probabilities_use_all_light_curves_and_no_child_exceeds_its_parent(tmp_path: Path) -> None:
    catalog = write_catalog(
        tmp_path / "c.parquet",
        _id=[1, 2, 3],
        dec=[0.0, 0.0, 1.0],
        filter=pa.array([1, 2, 1], pa.int32()),
        vnv_p_train=[0.8, 0.8, 0.8],
        ea_p_train=[0.9, 0.9, 0.1],
    )
    table = stars(tmp_path, [catalog], [], fusion=hand_made())
    # odds 4 twice are odds 16; odds 9 twice are 81; one light curve is what it says
    np.testing.assert_allclose(table.column("vnv_p_train"), [16 / 17, 0.8], rtol=1e-6)
    np.testing.assert_allclose(table.column("ea_p_train"), [81 / 82, 0.1], rtol=1e-6)
    both = (16 / 17 + 81 / 82) / 2
    np.testing.assert_allclose(table.column("vnv_p"), [both, 0.8], rtol=1e-6)
    np.testing.assert_allclose(table.column("ea_p"), [both, 0.1], rtol=1e-6)
    facts = read_metadata(tmp_path / "stars.parquet")["star_probabilities"]
    assert facts["tree"] == {"vnv": None, "ea": "vnv"}
    assert facts["fusion"] == "s" * 64


def test_models_without_a_fusion_of_light_curves_give_no_probability_and_say_so(
    tmp_path: Path,
) -> None:
    catalog = write_catalog(tmp_path / "c.parquet", _id=[1, 2])
    table = stars(tmp_path, [catalog], [])
    assert table.schema.names == list(arrow_schema(STAR_COLUMNS).names)
    assert table.column("probability_reason").to_pylist() == ["no_star_fusion"]
    facts = read_metadata(tmp_path / "stars.parquet")["star_probabilities"]
    assert facts["fusion"] is None
    assert "no fusion" in facts["why"]


def test_a_fusion_of_other_models_is_refused(tmp_path: Path) -> None:
    catalog = write_catalog(tmp_path / "c.parquet", fused="a" * 64, _id=[1])
    with pytest.raises(BundleError, match="of other models"):
        stars(tmp_path, [catalog], [], fusion=hand_made())
    with pytest.raises(InputError, match="no catalogue"):
        stars(tmp_path, [], [])


def test_a_light_curve_of_two_catalogues_counts_once_and_no_rows_are_no_stars(
    tmp_path: Path,
) -> None:
    one = write_catalog(tmp_path / "a.parquet", _id=[1, 2])
    two = write_catalog(tmp_path / "b.parquet", _id=[2])
    assert stars(tmp_path, [one, two], []).column("light_curves").to_pylist() == [[1, 2]]
    empty = tmp_path / "e.parquet"
    write_table(read_table(one).slice(0, 0), empty, read_metadata(one))
    assert stars(tmp_path, [empty], [], fusion=hand_made()).num_rows == 0


def test_the_command_finds_features_beside_and_the_models_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("results/catalog", "results/features/field_700"):
        (tmp_path / folder).mkdir(parents=True)
    catalog = write_catalog(
        tmp_path / "results/catalog/field_700.parquet", _id=[2, 3], dec=[0.0, 0.5 * ARCSEC]
    )
    write_features(
        tmp_path / "results/features/field_700/unit.parquet",
        _id=[2, 3],
        wmean=[17.0, 18.0],
        i90r=[0.1, 0.2],
    )
    assert main(["publish-stars", "absent.parquet", "--output", "stars.parquet"]) == 2
    assert "absent.parquet" in capsys.readouterr().err
    command = ["publish-stars", str(catalog), "--output", "stars.parquet"]
    # The shipped fusion of stars is of other models than the catalogue's.
    assert main(command) == 2
    assert "of other models" in capsys.readouterr().err
    (tmp_path / "others").mkdir()
    for name in ("dnn", "xgb", "fused"):
        (tmp_path / "others" / name).symlink_to(SHIPPED_MODELS / name)
    assert main([*command, "--models-dir", "others"]) == 0
    (star,) = read_table("stars.parquet").to_pylist()
    assert star["light_curves"] == [2, 3]
    # Both are of one filter: (100 x 17 + 100 x 18) / 200
    assert star["mag_g"] == pytest.approx(17.5)


@pytest.mark.parametrize(
    ("train", "slow", "sets", "expected", "either"),
    [
        # The hand-made fusion adds up log-odds, and nothing else, of two light curves.
        ([0.9, 0.9], [False, False], [1, 1], 0.81 / 0.82, False),
        ([0.9, 0.9], [None, None], [1, 1], 0.81 / 0.82, False),
        # No light curve tells a period from a slow change.
        ([0.5, 0.5], [True, True], [3, 3], 0.5, True),
        ([0.5, 0.2], [True, True], [3, 2], 0.2, True),
        ([0.3, 0.2], [True, True], [2, 2], 0.06 / 0.62, False),
        # One does: no more than it says alone, or than even.
        ([0.5, 0.9], [True, False], [3, 1], 0.9, False),
        ([0.8, 0.9], [True, False], [3, 1], 0.9, False),
        ([0.8, 0.3], [True, False], [3, 2], 0.5, None),
        ([0.1, 0.9], [True, False], [2, 1], 0.5, None),
        # A star with one light curve has what that says.
        ([0.5], [True], [3], 0.5, True),
    ],
)
def test_a_star_is_as_periodic_as_the_light_curves_that_can_tell(
    tmp_path: Path,
    train: list[float],
    slow: list[bool | None],
    sets: list[int],
    expected: float,
    either: bool | None,
) -> None:
    catalog = write_catalog(
        tmp_path / "c.parquet",
        _id=list(range(len(train))),
        filter=pa.array(range(1, 1 + len(train)), pa.int32()),
        ea_p_train=train,
        vnv_p_train=[0.9] * len(train),
        ea_set=pa.array(sets, pa.int8()),
        alias_trend=pa.array(slow, pa.bool_()),
    )
    (row,) = stars(tmp_path, [catalog], [], fusion=hand_made()).to_pylist()
    assert row["ea_p_train"] == pytest.approx(expected, abs=1e-3)
    assert row["ea_p"] == pytest.approx(expected, abs=1e-3)
    assert either in (None, row["ea_set"] == 3)
    assert row["alias_trend"] == (all(slow) if None not in slow else False)
    # What is not told by a period has all the evidence.
    assert row["vnv_p_train"] == pytest.approx(0.9 if len(train) == 1 else 0.81 / 0.82)
