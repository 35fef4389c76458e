"""Quality, changes and releases: sums by hand; positions by astropy; sums by sha256sum."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import SkyCoord
from astropy.io.votable import parse_single_table
from astropy.table import Table

from scope.errors import InputError
from scope.io import read_table, write_table
from scope.product.delta import compare_releases
from scope.product.quality import galactic_latitude, quality_table
from scope.product.release import ReleaseOptions, make_release
from scope.report.delta import plot_delta
from tests.product.test_publish_stars import hand_made, stars, write_catalog, write_features

OPTIONS = ReleaseOptions(
    "Variables of field 700", "1.0", ("Doe, Jané", "The Survey"), date="2026-01-31"
)


def star_file(tmp_path: Path, name: str = "field_700", **columns: object) -> Path:
    """Write three single stars with probabilities .9, .6 and .2 of vnv, .8, .3, .1 of ea."""
    usual: dict[str, object] = {
        "_id": [1, 2, 3],
        "ra": [10.0, 20.0, 266.4],
        "dec": [0.0, 5.0, -28.9],
        "vnv_p_train": [0.9, 0.6, 0.2],
        "ea_p_train": [0.8, 0.3, 0.1],
    }
    folder = tmp_path / name
    folder.mkdir(exist_ok=True)
    catalog = write_catalog(folder / "c.parquet", **{**usual, **columns})
    ids = list(usual["_id"])  # type: ignore[call-overload]
    features = write_features(folder / "u.parquet", _id=ids, wmean=[14.5, 15.5, 15.7])
    stars(folder, [catalog], [features], fusion=hand_made())
    return (folder / "stars.parquet").rename(tmp_path / f"{name}.parquet")


def test_quality_is_summed_up_by_class_and_slice(tmp_path: Path) -> None:
    found = {
        (row["class"], row["slice"], row["low"]): row
        for row in quality_table(star_file(tmp_path), cut=0.5).to_pylist()
    }
    whole = found["vnv", "all", None]
    assert (whole["stars"], whole["above"]) == (3, 2)
    assert whole["expected"] == pytest.approx(1.7)
    assert whole["expected_error"] == pytest.approx(np.sqrt(0.09 + 0.24 + 0.16))
    assert whole["purity"] == pytest.approx(0.75)
    assert whole["completeness"] == pytest.approx(1.5 / 1.7)
    faint = found["ea", "magnitude", 15.0]
    assert (faint["stars"], faint["above"], faint["purity"]) == (2, 0, None)
    # the third star is at the centre of the Galaxy
    assert found["vnv", "galactic_latitude", 0.0]["stars"] == 1
    assert found["vnv", "bands", 1.0]["stars"] == 3


def test_strange_stars_reach_no_cut(tmp_path: Path) -> None:
    path = star_file(tmp_path, ood_p=[0.001, 0.5, 0.5])
    row = quality_table(path, strange_below=0.01).to_pylist()[0]
    assert (row["above"], row["strange"]) == (1, 1)
    assert row["expected"] == pytest.approx(1.7)


def test_galactic_latitudes_are_those_of_astropy() -> None:
    rng = np.random.default_rng(0)
    ra, dec = rng.uniform(0, 360, 50), rng.uniform(-90, 90, 50)
    expected = SkyCoord(ra, dec, unit="deg").galactic.b.deg
    np.testing.assert_allclose(galactic_latitude(ra, dec), expected, atol=1e-4)


def test_stars_that_were_added_went_or_changed_are_told(tmp_path: Path) -> None:
    before = star_file(
        tmp_path,
        "before",
        vnv_p_train=[0.9, 0.6, 0.2],
        ea_p_train=[0.8, 0.3, 0.1],
    )
    # 1 is an eclipsing binary no more, 2 is seen under another id, 3 is gone, 9 is new
    after = star_file(
        tmp_path,
        "after",
        _id=[1, 7, 9],
        dec=[0.0, 5.0, 60.0],
        vnv_p_train=[0.9, 0.85, 0.7],
        ea_p_train=[0.4, 0.3, 0.1],
    )
    output = tmp_path / "delta.parquet"
    summary = compare_releases(before, after, output, least_change=0.1)
    assert summary.counts == {"added": 1, "gone": 1, "reclassified": 1, "changed": 1, "same": 0}
    assert summary.moves == {("ea", "vnv"): 1}
    rows = {row["change"]: row for row in read_table(output).to_pylist()}
    assert (rows["reclassified"]["star_id"], rows["reclassified"]["most_changed"]) == (1, "ea")
    assert rows["reclassified"]["p_after"] == pytest.approx(0.4)
    assert (rows["changed"]["star_id"], rows["changed"]["star_id_before"]) == (7, 2)
    assert rows["gone"]["star_id_before"] == 3
    assert rows["added"]["star_id"] == 9
    plot_delta(output, summary, tmp_path / "delta.html")
    page = (tmp_path / "delta.html").read_text()
    assert "3 stars before, 3 after" in page
    assert page.count("<table") == 6


def test_the_same_release_twice_changes_nothing(tmp_path: Path) -> None:
    path = star_file(tmp_path)
    summary = compare_releases(path, path, tmp_path / "d.parquet")
    assert summary.counts == {"added": 0, "gone": 0, "reclassified": 0, "changed": 0, "same": 3}
    with pytest.raises(InputError, match="cut"):
        compare_releases(path, path, tmp_path / "d.parquet", cut=1.5)


def test_a_release_has_the_same_rows_in_all_formats_and_sums_that_hold(tmp_path: Path) -> None:
    path = star_file(tmp_path)
    folder = make_release([path], tmp_path / "release", OPTIONS, light_curves=[])
    rows = read_table(path)
    ids = rows.column("star_id").to_pylist()
    assert read_table(folder / "stars/field_700.parquet").equals(rows)
    votable = parse_single_table(folder / "stars/field_700.vot").to_table()
    for table in (votable, Table.read(folder / "stars/field_700.fits", hdu=1)):
        assert table["star_id"].tolist() == ids
        np.testing.assert_array_equal(table["ea_p"], rows.column("ea_p"))
    tiles = sorted((folder / "hats/stars/dataset").rglob("Npix=*.parquet"))
    found = [
        i for one in tiles for i in pq.read_table(one, partitioning=None)["star_id"].to_pylist()
    ]
    assert sorted(found) == ids
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"],
        cwd=folder,
        check=False,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    crate = json.loads((folder / "ro-crate-metadata.json").read_text())
    files = {part["@id"] for part in crate["@graph"] if part["@type"] == "File"}
    assert {"stars/field_700.vot", "LICENSE", "quality/field_700.csv"} <= files
    assert all((folder / name).is_file() for name in files)
    assert "| field_700 | vnv | 1.7 ± 0.7 | 2 | 0.75 | 0.88 |" in (folder / "README.md").read_text()


def test_a_release_is_the_same_bytes_again_and_never_replaced(tmp_path: Path) -> None:
    path = star_file(tmp_path)
    sums = [
        (make_release([path], tmp_path / name, OPTIONS) / "SHA256SUMS").read_text()
        for name in ("one", "two")
    ]
    assert sums[0] == sums[1]
    with pytest.raises(InputError, match="there already"):
        make_release([path], tmp_path / "one", OPTIONS)


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": " "},
        {"authors": ()},
        {"date": "yesterday"},
        {"licence": "mine"},
        {"doi": "https://doi.org/10.1/x"},
    ],
)
def test_what_is_no_release_is_refused(wrong: dict[str, object]) -> None:
    good = {"title": "t", "version": "1", "authors": ("A, B",), "date": "2026-01-31"}
    with pytest.raises(InputError):
        ReleaseOptions(**{**good, **wrong})  # type: ignore[arg-type]


def test_citation_is_yaml_with_all_authors(tmp_path: Path) -> None:
    import yaml

    folder = make_release([star_file(tmp_path)], tmp_path / "r", OPTIONS)
    cited = yaml.safe_load((folder / "CITATION.cff").read_text())
    assert cited["authors"] == [
        {"family-names": "Doe", "given-names": "Jané"},
        {"name": "The Survey"},
    ]
    assert json.loads((folder / "datacite.json").read_text())["publicationYear"] == "2026"


def test_stars_without_probabilities_are_released_too(tmp_path: Path) -> None:
    catalog = write_catalog(tmp_path / "c.parquet", _id=[1, 2])
    stars(tmp_path, [catalog], [])
    folder = make_release([tmp_path / "stars.parquet"], tmp_path / "r", OPTIONS)
    assert "No star has a probability" in (folder / "README.md").read_text()
    assert len((folder / "quality/stars.csv").read_text().splitlines()) == 1
    empty = tmp_path / "none.parquet"
    write_table(read_table(tmp_path / "stars.parquet").slice(0, 0), empty, {})
    assert make_release([empty], tmp_path / "e", OPTIONS).is_dir()
