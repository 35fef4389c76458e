"""VOTable and FITS, read again by astropy: the same rows, units, descriptors and nulls."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from astropy import units
from astropy.io import fits
from astropy.io.votable import parse_single_table, validate
from astropy.table import Table

from scope.catalog.export import export
from scope.io import read_csv, read_table, write_table
from scope.product.coverage import coverage, write_coverage
from scope.product.star_columns import STAR_COLUMNS
from scope.product.ucds import ucd_of
from scope.product.votable_fits import write_fits, write_votable
from scope.schema import Column
from tests.product.test_publish_stars import (
    hand_made,
    stars,
    write_catalog,
    write_features,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Three stars: in two bands, in one, and without a position, scores and magnitudes."""
    catalog = write_catalog(
        tmp_path / "field_700.parquet",
        _id=[10**15 + 1, 10**15 + 2, 10**15 + 3, 10**15 + 4],
        ra=[10.0, 10.0, 20.0, None],
        dec=[0.0, 0.0, -5.0, None],
        reason=[None, None, None, "impossible_position"],
        vnv_p_train=[0.8, 0.8, 0.3, None],
        ea_p_train=[0.4, 0.4, 0.1, None],
    )
    ids = [10**15 + 1, 10**15 + 2, 10**15 + 3]
    features = write_features(tmp_path / "u.parquet", _id=ids, wmean=[17.0, 17.5, 18.0])
    stars(tmp_path, [catalog], [features], fusion=hand_made())
    return tmp_path / "stars.parquet"


def check_rows(table: Table, path: Path) -> None:
    """All values are those of the Parquet file; what is null there is masked, NaN or empty."""
    arrow = read_table(path)
    assert len(table) == arrow.num_rows == 3
    assert table.colnames == arrow.column_names
    for name in arrow.column_names:
        for found, expected in zip(table[name], arrow.column(name).to_pylist(), strict=True):
            if expected is None:
                assert found is np.ma.masked or found == "" or np.isnan(found), name
            elif isinstance(expected, list):
                assert [int(part) for part in found.split()] == expected, name
            elif isinstance(expected, float):
                assert found == expected, name
            else:
                assert type(expected)(found) == expected, name


def test_a_votable_has_the_rows_units_descriptors_and_descriptions(
    path: Path, tmp_path: Path
) -> None:
    output = tmp_path / "stars.vot"
    assert write_votable(path, output) == 3
    parsed = parse_single_table(output)
    check_rows(parsed.to_table(), path)
    fields = {field.name: field for field in parsed.fields}
    assert fields["ra"].unit == units.deg
    assert fields["ra"].ucd == "pos.eq.ra;meta.main"
    assert fields["period"].unit == units.day
    assert fields["mag_g"].ucd == "phot.mag;em.opt.B"
    assert fields["ea_p"].ucd == "stat.probability;src.class"
    assert fields["mag_g"].description == "Mean magnitude in g"
    assert parsed.to_table()["ea_set"][2] is np.ma.masked


def test_a_votable_is_valid(path: Path, tmp_path: Path) -> None:
    output = tmp_path / "stars.vot"
    write_votable(path, output)
    report = tmp_path / "report.txt"
    with open(report, "w") as file:
        assert validate(output, output=file)
    assert "found no violations" in report.read_text()


def test_stilts_finds_nothing_to_say_about_a_votable(path: Path, tmp_path: Path) -> None:
    output = tmp_path / "stars.vot"
    write_votable(path, output)
    command = ["stilts", "votlint", str(output)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).splitlines()
    assert [line for line in lines if line.startswith(("WARNING", "ERROR"))] == []
    assert done.returncode == 0


def test_fits_has_the_rows_units_descriptors_and_null_values(path: Path, tmp_path: Path) -> None:
    output = tmp_path / "stars.fits"
    assert write_fits(path, output) == 3
    table = Table.read(output, hdu=1)
    check_rows(table, path)
    assert table["ra"].unit == units.deg
    assert table["mag"].unit == units.mag
    header = fits.getheader(output, 1)
    numbers = {header[f"TTYPE{n}"]: n for n in range(1, header["TFIELDS"] + 1)}
    assert header[f"TUCD{numbers['dec']}"] == "pos.eq.dec;meta.main"
    assert header[f"TCOMM{numbers['crowded']}"].startswith("Two light curves")
    assert header[f"TNULL{numbers['ea_set']}"] == -(2**15)


def test_every_column_of_stars_has_a_descriptor_that_astropy_knows() -> None:
    from astropy.io.votable.ucd import check_ucd

    more = [Column("ea_p", "float32"), Column("ea_set", "int8"), Column("Gaia_EDR3___id", "int64")]
    for column in (*STAR_COLUMNS, *more):
        assert check_ucd(ucd_of(column.field), check_controlled_vocabulary=True), column.name
        assert ucd_of(column.field), column.name


def test_the_coverage_holds_the_stars_and_little_else(path: Path, tmp_path: Path) -> None:
    moc = coverage([path])
    inside = moc.contains_lonlat([10.0, 20.0, 15.0] * units.deg, [0.0, -5.0, 0.0] * units.deg)
    assert inside.tolist() == [True, True, False]
    # two cells of order 10
    assert write_coverage([path], tmp_path / "c.fits") == pytest.approx(2 / (12 * 4**10))
    assert type(moc).from_fits(tmp_path / "c.fits") == moc


def test_names_in_any_letters_are_written(tmp_path: Path) -> None:
    catalog = write_catalog(tmp_path / "c.parquet", _id=[1], obj_id=["α And, 例"])
    stars(tmp_path, [catalog], [])
    path = tmp_path / "stars.parquet"
    write_votable(path, tmp_path / "s.vot")
    assert parse_single_table(tmp_path / "s.vot").to_table()["obj_id"][0] == "α And, 例"
    write_fits(path, tmp_path / "s.fits")
    assert Table.read(tmp_path / "s.fits", hdu=1)["obj_id"][0] == r"\u03b1 And, \u4f8b"


def test_csv_has_the_same_rows(path: Path, tmp_path: Path) -> None:
    export(path, tmp_path / "stars.csv")
    frame = read_csv(tmp_path / "stars.csv")
    arrow = read_table(path)
    assert frame["star_id"].tolist() == arrow.column("star_id").to_pylist()
    lists = [" ".join(map(str, one)) for one in arrow.column("light_curves").to_pylist()]
    assert frame["light_curves"].tolist() == lists
    np.testing.assert_array_equal(frame["ea_p"].astype("float32"), arrow.column("ea_p"))


def test_no_stars_are_written_too(path: Path, tmp_path: Path) -> None:
    empty = tmp_path / "none.parquet"
    write_table(read_table(path).slice(0, 0), empty, {})
    assert write_votable(empty, tmp_path / "none.vot") == 0
    assert len(parse_single_table(tmp_path / "none.vot").to_table()) == 0
    assert write_fits(empty, tmp_path / "none.fits") == 0
    assert len(Table.read(tmp_path / "none.fits", hdu=1)) == 0
