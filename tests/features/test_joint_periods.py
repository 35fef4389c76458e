"""Joint periods in the product: for stars of several bands, beside what the rows have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scope.errors import ConfigError
from scope.features.fourier import fourier
from scope.features.generate_features import generate_features
from scope.features.options import FeatureOptions
from scope.features.registry import product_columns
from scope.io import read_metadata, read_table
from scope.lightcurves import LightCurves
from scope.lightcurves.cleaning import CleaningOptions
from scope.periods import PeriodOptions
from scope.periods.joint import search_stars
from tests.features.curves import random_curves

N = 12
SEARCH = PeriodOptions(max_freq=0.5)
PLAIN = FeatureOptions(SEARCH)
TOGETHER = FeatureOptions(SEARCH, bands_radius_arcsec=1.0)
CLEANING = CleaningOptions(min_epochs=70, min_cadence_minutes=0.0)
PAIRS = {0: 1, 2: 9, 5: 6}
"""Rows at one place, in g and r."""


def write(path: Path, *, by_source: bool = False) -> LightCurves:
    """Twelve light curves, rows of a pair within 0.3 arcsec; row 6 is too short."""
    curves = random_curves(N, seed=4, low=75, high=120)
    table = curves.to_arrow()
    short = pa.array(
        [row if i != 6 else row[:40] for i, row in enumerate(table["mag"].to_pylist())]
    )
    for name in ("hmjd", "magerr"):
        cut = pa.array([r if i != 6 else r[:40] for i, r in enumerate(table[name].to_pylist())])
        table = table.set_column(table.schema.get_field_index(name), name, cut)
    table = table.set_column(table.schema.get_field_index("mag"), "mag", short)
    place = np.arange(N, dtype=float)
    band = np.ones(N, dtype=np.int32)
    for first, second in PAIRS.items():
        place[second], band[second] = place[first], 2
    apart = np.where(band == 2, 0.3 / 3600.0, 0.0)
    columns = {
        "ra": pa.array(place),
        "dec": pa.array(10.0 + (np.arange(N) if by_source else apart)),
        "field": pa.array(np.full(N, 300, dtype=np.int32)),
        "filter": pa.array(band),
    }
    if by_source:
        columns["obj_id"] = pa.array([f"star {int(p)}" for p in place])
    for name, column in columns.items():
        table = table.append_column(name, column)
    pq.write_table(table, path)
    return curves


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with light curves and their features, with joint periods and without."""
    folder = tmp_path_factory.mktemp("bands")
    write(folder / "curves.parquet")
    for name, options in (("plain", PLAIN), ("joint", TOGETHER)):
        generate_features(
            folder / "curves.parquet",
            folder / f"{name}.parquet",
            cleaning=CLEANING,
            options=options,
        )
    return folder


def test_rows_of_a_star_share_the_joint_period_and_others_have_none(made: Path) -> None:
    product = read_table(made / "joint.parquet")
    curves = LightCurves.from_arrow(pq.read_table(made / "curves.parquet"))
    period = product.column("period_BANDS").to_numpy()
    # Row 5 has lost its partner, which is too short.
    paired = [0, 1, 2, 9]
    assert np.flatnonzero(np.isfinite(period)).tolist() == paired
    for first, second in ((0, 1), (2, 9)):
        expected = search_stars(curves.take([first, second]), np.array([0, 2]), SEARCH)
        for name, column in expected.items():
            values = product.column(name).to_numpy(zero_copy_only=False)
            assert values[first] == values[second] == column[0]
    assert product.column("n_bands_BANDS").to_pylist()[0] == 2.0


def test_everything_else_is_as_without_it(made: Path) -> None:
    plain, joint = read_table(made / "plain.parquet"), read_table(made / "joint.parquet")
    assert joint.schema.names == [column.name for column in product_columns(TOGETHER)]
    assert set(joint.schema.names) - set(plain.schema.names) >= {"period_BANDS", "alias_day_BANDS"}
    assert joint.select(plain.schema.names).equals(plain)
    assert read_metadata(made / "joint.parquet")["bands_radius_arcsec"] == 1.0
    assert read_metadata(made / "plain.parquet")["bands_radius_arcsec"] is None


@pytest.mark.parametrize(("rows", "workers"), [(1, 2), (5, 1)])
def test_the_bytes_do_not_depend_on_chunks_workers_or_order(
    made: Path, tmp_path: Path, rows: int, workers: int
) -> None:
    table = pq.read_table(made / "curves.parquet")
    pq.write_table(table.take(np.random.default_rng(1).permutation(N)), tmp_path / "mixed.parquet")
    generate_features(
        tmp_path / "mixed.parquet",
        tmp_path / "joint.parquet",
        cleaning=CLEANING,
        options=TOGETHER,
        rows=rows,
        workers=workers,
    )
    assert (tmp_path / "joint.parquet").read_bytes() == (made / "joint.parquet").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"mixed.parquet", "joint.parquet"}


def test_source_ids_join_what_lies_apart(made: Path, tmp_path: Path) -> None:
    write(tmp_path / "curves.parquet", by_source=True)
    generate_features(
        tmp_path / "curves.parquet", tmp_path / "f.parquet", cleaning=CLEANING, options=TOGETHER
    )
    found = read_table(tmp_path / "f.parquet").column("period_BANDS")
    assert found.equals(read_table(made / "joint.parquet").column("period_BANDS"))


def test_models_can_see_the_joint_period_and_where_there_is_none_the_row_s_own(
    made: Path, tmp_path: Path
) -> None:
    seen = FeatureOptions(SEARCH, bands_radius_arcsec=1.0, period_suffix="BANDS")
    for rows in (3, 512):
        generate_features(
            made / "curves.parquet",
            tmp_path / f"{rows}.parquet",
            cleaning=CLEANING,
            options=seen,
            rows=rows,
        )
    assert (tmp_path / "3.parquet").read_bytes() == (tmp_path / "512.parquet").read_bytes()
    product, joint = read_table(tmp_path / "3.parquet"), read_table(made / "joint.parquet")
    assert product.schema.names == [column.name for column in product_columns(seen)]
    found = {name: product.column(name).to_numpy(zero_copy_only=False) for name in seen_names()}
    paired, short = [0, 1, 2, 9], 6
    alone = [i for i in range(N) if i not in (*paired, short)]
    assert found["n_bands_BANDS"][paired].tolist() == [2.0] * 4
    assert found["n_bands_BANDS"][alone].tolist() == [1.0] * len(alone)
    for part in ("period", "significance", "log10_fap", "doubled"):
        together = joint.column(f"{part}_BANDS").to_numpy(zero_copy_only=False)
        own = joint.column(f"{part}_LS_BIC").to_numpy(zero_copy_only=False)
        assert found[f"{part}_BANDS"][paired].tolist() == together[paired].tolist()
        assert found[f"{part}_BANDS"][alone].tolist() == own[alone].tolist()
    # Fourier features at that period, of the row's own points.
    curves = LightCurves.from_arrow(pq.read_table(made / "curves.parquet")).take(paired)
    expected = fourier(curves, found["period_BANDS"][paired])
    np.testing.assert_array_equal(found["f1_power_BANDS"][paired], expected[:, 0])
    assert product.column("reason").null_count == N - 1


def seen_names() -> list[str]:
    parts = ("period", "significance", "log10_fap", "doubled", "n_bands", "f1_power")
    return [f"{part}_BANDS" for part in parts]


@pytest.mark.parametrize(("algorithms", "radius"), [(("LS_BIC",), None), (("ELS_ECE_EAOV",), 1.0)])
def test_models_see_no_joint_period_that_nobody_searches(
    algorithms: tuple[str, ...], radius: float | None
) -> None:
    with pytest.raises(ConfigError, match="BANDS needs LS_BIC"):
        FeatureOptions(PeriodOptions(algorithms), bands_radius_arcsec=radius, period_suffix="BANDS")


def test_without_any_star_of_two_bands_the_columns_are_null(tmp_path: Path) -> None:
    table = random_curves(2, low=75, high=80).to_arrow()
    pq.write_table(table, tmp_path / "curves.parquet")
    for name, part in (("two", table), ("none", table.slice(0, 0))):
        pq.write_table(part, tmp_path / "curves.parquet")
        output = tmp_path / f"{name}.parquet"
        generate_features(tmp_path / "curves.parquet", output, cleaning=CLEANING, options=TOGETHER)
        product = read_table(output)
        assert product.column("period_BANDS").null_count == part.num_rows
        assert not any(product.column("doubled_BANDS").to_pylist())


@pytest.mark.parametrize("radius", [0.0, 60.0, float("nan")])
def test_a_radius_that_joins_nothing_or_everything_is_refused(radius: float) -> None:
    with pytest.raises(ConfigError, match="arcsec"):
        FeatureOptions(bands_radius_arcsec=radius)
