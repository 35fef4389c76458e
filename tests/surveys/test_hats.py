"""A HATS catalogue answers as the bulk files that its light curves are from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scope.config import load_config
from scope.errors import InputError, NotFoundError
from scope.lightcurves.curves import LightCurves
from scope.surveys.archive import Archive
from scope.surveys.hats import HatsArchive
from scope.surveys.open import open_archive
from scope.targets.plan import Plan
from tests.surveys.bulk_files import change, write_bulk

POINTS = ("hmjd", "mag", "magerr", "clrcoeff", "catflags")


@pytest.fixture
def bulk(tmp_path: Path) -> Path:
    """Two quadrants of a field and one of another, 10 deg apart, in two filters."""
    folder = tmp_path / "bulk"
    for field, quad, ra in ((300, 1, 100.0), (300, 2, 110.0), (1300, 2, 110.0)):
        for band in "gr":
            path = write_bulk(folder, [3, 0, 5], field=field, quad=quad, band=band, release=24)
            change(path, objra=pa.array(ra + np.arange(3) / 100))
    return folder


def write_hats(bulk: Path, folder: Path, form: str = "struct") -> Path:
    """Write the light curves of bulk files as tiles that cut across quadrants and fields."""
    table = pa.concat_tables(pq.read_table(path) for path in sorted(bulk.glob("*.parquet")))
    columns = [table.column(name).combine_chunks() for name in POINTS]
    nested = pa.StructArray.from_arrays(columns, list(POINTS))
    if form == "list":
        rows = [
            [dict(zip(POINTS, values, strict=True)) for values in zip(*row.values(), strict=True)]
            for row in nested.to_pylist()
        ]
        kinds = [column.type.value_type for column in columns]
        parts = [pa.field(*pair) for pair in zip(POINTS, kinds, strict=True)]
        nested = pa.array(rows, pa.list_(pa.struct(parts)))
    table = table.drop_columns(list(POINTS)).append_column("lightcurve", nested)
    table = table.add_column(0, "_healpix_29", pa.array(np.arange(table.num_rows)))
    for tile in range(4):
        part = table.filter(pa.array(np.arange(table.num_rows) % 4 == tile))
        name = f"Npix={tile}.parquet" if tile else "Npix=0/part0.parquet"
        path = folder / "dataset/Norder=5/Dir=0" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(part, path, row_group_size=2)
    (folder / "hats.properties").write_text("obs_collection=ztf_dr24_lc\ncatalog_type=object\n")
    (folder / "partition_info.csv").write_text("Norder,Npix\n5,0\n5,1\n5,2\n5,3\n")
    return folder


@pytest.mark.parametrize("form", ["struct", "list"])
def test_fields_quadrants_sources_and_light_curves_are_those_of_the_bulk_files(
    bulk: Path, tmp_path: Path, form: str
) -> None:
    one, other = Archive(bulk), open_archive(write_hats(bulk, tmp_path / "hats", form))
    assert isinstance(other, HatsArchive)
    assert other.release == one.release == "DR24"
    assert other.fields() == one.fields() == [300, 1300]
    for field in one.fields():
        assert other.units(field) == one.units(field)
        for unit in one.units(field):
            assert other.sources(field, unit).equals(one.sources(field, unit))
            first, second = (
                LightCurves.concatenate(list(survey.iter_lightcurves(field, unit, 2)))
                for survey in (one, other)
            )
            for name in ("ids", "offsets", "time", "mag", "magerr", "catflags"):
                np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_cones_and_ids_are_answered_alike(bulk: Path, tmp_path: Path) -> None:
    one, other = Archive(bulk), HatsArchive(write_hats(bulk, tmp_path / "hats"))
    places = ([110.0, 100.01, 5.0], [20.0, 20.0, 5.0])
    for radius in (2.0, 40.0):
        assert other.cone(*places, radius).equals(one.cone(*places, radius))
    ids = one.sources(300, "ccd_02_quad_1").column("_id").to_numpy()[[4, 0]]
    asked = np.append(ids, 300102100000999)
    assert other.lightcurves(asked).n_epochs.tolist() == one.lightcurves(asked).n_epochs.tolist()
    assert sorted(other.sources_by_id(asked).column("_id").to_pylist()) == sorted(ids.tolist())


def test_a_plan_takes_it_for_an_archive(bulk: Path, tmp_path: Path) -> None:
    folder = write_hats(bulk, tmp_path / "hats")
    plan = Plan(load_config(overrides={"archive": str(folder)}))
    assert plan.targets() == ["field_300", "field_1300"]
    assert plan.units("field_300") == ["ccd_02_quad_1", "ccd_02_quad_2"]
    assert all("Npix=" in path for path in plan.archive_inputs("field_300", "ccd_02_quad_1"))


def test_what_is_not_there_or_has_another_form_is_named(bulk: Path, tmp_path: Path) -> None:
    folder = write_hats(bulk, tmp_path / "hats")
    archive = HatsArchive(folder)
    with pytest.raises(NotFoundError, match=r"301.*300, 1300"):
        archive.units(301)
    with pytest.raises(NotFoundError, match="ccd_02_quad_1"):
        archive.files(300, "ccd_09_quad_1")
    for path in folder.rglob("Npix=1*"):
        table = pq.read_table(path)
        index = table.schema.get_field_index("lightcurve")
        pq.write_table(table.set_column(index, "lightcurve", pa.array([1] * len(table))), path)
    with pytest.raises(InputError, match=r"'lightcurve' of .*Npix=1.* of another form"):
        list(HatsArchive(folder).iter_lightcurves(300, "ccd_02_quad_1"))
    with pytest.raises(NotFoundError, match="without tiles"):
        HatsArchive(tmp_path)


@pytest.mark.parametrize("kind", ["fixed", "large"])
def test_points_in_lists_of_another_kind_are_the_same(
    bulk: Path, tmp_path: Path, kind: str
) -> None:
    folder = write_hats(bulk, tmp_path / "hats", "list")
    plain = HatsArchive(folder)
    ids = plain.sources(300, "ccd_02_quad_1").column("_id").to_numpy()
    expected = plain.lightcurves(ids)
    for path in sorted((folder / "dataset").rglob("*.parquet")):
        column = pq.read_table(path).column("lightcurve")
        points = column.type.value_type
        rows = column.to_pylist()
        if kind == "fixed":
            # All have as many points: those with fewer are null, which is none at all.
            rows = [row if len(row) == 3 else None for row in rows]
        dtype = pa.list_(points, 3) if kind == "fixed" else pa.large_list(points)
        change(path, lightcurve=pa.array(rows, dtype))
    found = HatsArchive(folder).lightcurves(ids)
    wanted = expected.n_epochs == 3 if kind == "fixed" else expected.n_epochs >= 0
    assert found.n_epochs.tolist() == np.where(wanted, expected.n_epochs, 0).tolist()
    for row in np.flatnonzero(wanted):
        one, other = found[row : row + 1], expected[row : row + 1]
        assert one.time.tolist() == other.time.tolist()
        assert one.catflags.tolist() == other.catflags.tolist()
