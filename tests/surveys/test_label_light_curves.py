"""Light curves labelled by published catalogues, where the truth is known."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from scope.cli.main import main
from scope.config.catalogues import Catalogues
from scope.errors import ConfigError
from scope.io import read_table, write_parquet
from scope.surveys.catalogue_labelling import MAPS_FOLDER
from scope.surveys.catalogue_map import CatalogueMap
from scope.surveys.curve_sources import FileCurves
from scope.surveys.label_light_curves import (
    CatalogueFile,
    LabelOptions,
    LabelSummary,
    label_light_curves,
)
from scope.surveys.label_map import Labelling, LabelMap
from scope.surveys.label_verdicts import join_labellings
from scope.surveys.star_match import MatchOptions
from scope.tasks.variables.training_sets.read_labels import read_labels
from tests.conftest import ROOT

ARCSEC = 1 / 3600
KNOWN = LabelMap.load(ROOT / "config/labels.yaml")
CSDR1_TABLE = "tables/csdr1/apjs496324t3_mrt.txt"


def rules(name: str) -> CatalogueMap:
    return CatalogueMap.load(MAPS_FOLDER / f"{name}.yaml", KNOWN)


def curves_of(
    path: Path, ra: Any, dec: Any, band: Any = 2, mag: Any = 15.0, ids: Any = None, epochs: int = 3
) -> FileCurves:
    """Write light curves of constant magnitude and open them."""
    n = len(ra)
    frame = pd.DataFrame(
        {
            "objectid": np.arange(1, n + 1) if ids is None else ids,
            "objra": np.asarray(ra, float),
            "objdec": np.asarray(dec, float),
            "filterid": np.broadcast_to(band, n),
            "fieldid": 700,
            "rcid": 1,
            "hmjd": [58500.0 + np.arange(epochs)] * n,
            "mag": [np.full(epochs, value) for value in np.broadcast_to(mag, n)],
            "magerr": [np.full(epochs, 0.02)] * n,
        }
    )
    write_parquet(frame, path)
    return FileCurves([path])


def vsx(path: Path, ra: Any, dec: Any, kinds: Any, **more: Any) -> CatalogueFile:
    names = [f"V{number}" for number in range(len(kinds))]
    frame = pd.DataFrame({"Name": names, "RAdeg": ra, "DEdeg": dec, "Type": kinds, **more})
    frame.to_csv(path, index=False)
    return CatalogueFile(path, rules("vsx"))


def outcomes(folder: Path) -> list[str]:
    found: list[str] = read_table(folder / "catalogue_rows.parquet").column("outcome").to_pylist()
    return found


def labelled(folder: Path) -> dict[int, str]:
    table = read_table(folder / "labels.parquet").to_pydict()
    return dict(zip(table["objectid"], table["catalogue_id"], strict=True))


def label(
    source: FileCurves, files: list[CatalogueFile], output: Path, **options: Any
) -> LabelSummary:
    match = {k: options.pop(k) for k in list(options) if k.endswith(("arcsec", "mag"))}
    return label_light_curves(
        source, files, output, options=LabelOptions(MatchOptions(**match), **options)
    )


def test_real_stars_are_found_as_astropy_finds_them(real_data: Path, tmp_path: Path) -> None:
    """Expected pairs: nearest neighbours by astropy's own cross-match."""
    from astropy import units
    from astropy.coordinates import SkyCoord
    from astropy.table import Table

    table, curves = real_data / CSDR1_TABLE, real_data / "light_curves/ztf_wd"
    source = FileCurves([curves / "lightcurves.parquet"])
    summary = label(source, [CatalogueFile(table, rules("csdr1"))], tmp_path, radius_arcsec=3.0)
    stars = Table.read(table, format="ascii.mrt")
    sign = np.where(stars["DE-"] == "-", -1, 1)
    part = {name: np.asarray(stars[name]) for name in stars.colnames if name[:2] in ("RA", "DE")}
    place = SkyCoord(
        15 * (part["RAh"] + part["RAm"] / 60 + part["RAs"] / 3600) * units.deg,
        sign * (part["DEd"] + part["DEm"] / 60 + part["DEs"] / 3600) * units.deg,
    )
    mine = read_table(curves / "lightcurves.parquet", ["objectid", "objra", "objdec"]).to_pydict()
    at = SkyCoord(mine["objra"] * units.deg, mine["objdec"] * units.deg)
    nearest, separation, _ = at.match_to_catalog_sky(place)
    near = separation.arcsec < 3
    expected = {
        mine["objectid"][row]: str(stars["CSS"][nearest[row]]) for row in np.flatnonzero(near)
    }
    assert labelled(tmp_path) == expected
    assert (summary.light_curves, summary.stars, summary.total) == (7, 2, 73)
    assert len(outcomes(tmp_path)) == len(stars) == 47055
    # Both are post-common-envelope binaries there, and white dwarfs in the paper of ztf_wd.
    assert read_labels([tmp_path / "labels.parquet"]).columns["compact binary"].tolist() == [1] * 7


SIGMA, RADIUS, MARGIN, DENSITY = 0.5, 2.0, 1.0, 0.02
"""Scatter of the catalogue per axis, cuts (arcsec), and stars per square arcsec."""


def closed_form(density: float) -> tuple[float, float]:
    """Return which share of rows is matched rightly, and wrongly.

    The true star is at a distance with Rayleigh's distribution; others are a Poisson field. A row
    is matched if its nearest star is within the radius and no other both within the radius and
    within the margin beyond the nearest.
    """
    from scipy.integrate import quad

    def clear(d: float) -> float:
        return math.exp(-math.pi * density * min(d + MARGIN, RADIUS) ** 2)

    def right(d: float) -> float:
        return d / SIGMA**2 * math.exp(-(d**2) / (2 * SIGMA**2)) * clear(d)

    def wrong(s: float) -> float:
        far = math.exp(-(min(s + MARGIN, RADIUS) ** 2) / (2 * SIGMA**2))
        return 2 * math.pi * density * s * clear(s) * far

    bends = [RADIUS - MARGIN]
    return quad(right, 0, RADIUS, points=bends)[0], quad(wrong, 0, RADIUS, points=bends)[0]


@pytest.mark.parametrize("density", [0.0, DENSITY, 3 * DENSITY])
def test_completeness_and_wrong_matches_are_those_of_the_closed_form(
    tmp_path: Path, density: float
) -> None:
    rng = np.random.default_rng(3)
    n = 1500
    # Each star of the catalogue has a field of its own, a minute of arc from the next one.
    ra, dec = np.meshgrid(np.arange(50) / 60, np.arange(30) / 60)
    ra, dec = ra.ravel() + 180, dec.ravel() - 0.4
    half = 4.0
    count = rng.poisson(density * (2 * half) ** 2, n)
    of = np.repeat(np.arange(n), count)
    east, north = rng.uniform(-half, half, (2, len(of))) * ARCSEC
    all_ra = np.concatenate([ra, ra[of] + east / np.cos(np.radians(dec[of]))])
    all_dec = np.concatenate([dec, dec[of] + north])
    # Every light curve is a star: stars closer than light curves of one star are another matter.
    source = curves_of(tmp_path / "curves.parquet", all_ra, all_dec, epochs=1)
    seen_ra = ra + rng.normal(0, SIGMA, n) * ARCSEC / np.cos(np.radians(dec))
    seen_dec = dec + rng.normal(0, SIGMA, n) * ARCSEC
    catalogue = vsx(tmp_path / "vsx.csv", seen_ra, seen_dec, ["RRAB"] * n)
    label(
        source,
        [catalogue],
        tmp_path / "out",
        radius_arcsec=RADIUS,
        margin_arcsec=MARGIN,
        star_radius_arcsec=1e-6,
    )
    found = labelled(tmp_path / "out")
    right = sum(found.get(row + 1) == f"V{row}" for row in range(n))
    for value, expected in zip((right, len(found) - right), closed_form(density), strict=True):
        spread = math.sqrt(expected * (1 - expected) / n)
        assert abs(value / n - expected) < 3.5 * spread + 1e-9, (value / n, expected)
    assert len(outcomes(tmp_path / "out")) == n


def test_a_moving_star_is_found_where_it_has_gone(tmp_path: Path) -> None:
    """0.6 arcsec/yr from 2000 to 2019: 11.4 arcsec north; and one that went east, at dec 60."""
    north, east = 11.4 * ARCSEC, 11.4 * ARCSEC / math.cos(math.radians(60))
    source = curves_of(tmp_path / "c.parquet", [10, 20 + east, 30], [40 + north, 60, 0])
    place = {"ra": [10, 20, 30], "dec": [40, 60, 0]}
    still = vsx(tmp_path / "still.csv", place["ra"], place["dec"], ["EA"] * 3)
    moving = {"pmRA": [0, 600.0, None], "pmDE": [600.0, 0, None]}
    catalogue = vsx(tmp_path / "moving.csv", place["ra"], place["dec"], ["EA"] * 3, **moving)
    known = catalogue._replace(
        rules=CatalogueMap(
            "moving",
            {**rules("vsx").columns, "pmra": ("pmRA",), "pmdec": ("pmDE",)},
            rules("vsx").classes,
        )
    )
    assert label(source, [still], tmp_path / "still").light_curves == 1
    summary = label(source, [known], tmp_path / "moving", epoch=2019.0)
    assert labelled(tmp_path / "moving") == {1: "V0", 2: "V1", 3: "V2"}
    assert summary.moved == {"moving": 2}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(0.0, "EA"), (0.3, "EA")], ["used", "duplicate_row"]),
        ([(0.0, "EA"), (0.3, "RRAB")], ["ambiguous_rows", "ambiguous_rows"]),
        ([(0.0, "EA"), (1.5, "RRAB")], ["used", "farther_row"]),
        ([(1.5, "EA"), (0.1, "EA:")], ["farther_row", "uncertain_class"]),
        ([(0.0, "EA:"), (9.0, "EA")], ["uncertain_class", "no_light_curve"]),
        ([(0.0, "MISC"), (None, "EA")], ["class_left_out", "no_position"]),
        ([(0.0, None), (9.0, "EA")], ["no_class", "no_light_curve"]),
    ],
)
def test_rows_around_one_star(
    tmp_path: Path, rows: list[tuple[float | None, str]], expected: list[str]
) -> None:
    # A second star far away has a label, so that there always is one.
    source = curves_of(tmp_path / "c.parquet", [50.0, 60.0], [0.0, 0.0])
    dec = [None if north is None else north * ARCSEC for north, _ in rows]
    catalogue = vsx(
        tmp_path / "v.csv", [50.0] * len(rows) + [60.0], [*dec, 0.0], [*(k for _, k in rows), "M"]
    )
    label(source, [catalogue], tmp_path / "out")
    assert outcomes(tmp_path / "out") == [*expected, "used"]


@pytest.mark.parametrize(
    ("north", "mag", "expected"),
    [
        (1.5, [15.0, 18.0], "used"),
        (1.5, [18.0, 15.0], "brighter_neighbour"),
        (1.9, [15.0, 15.5], "used"),
        (1.3, [15.0, 15.5], "ambiguous_stars"),
        (1.3, [15.0, 17.5], "used"),
        (2.1, [18.0, 15.0], "used"),
    ],
)
def test_stars_around_one_row(
    tmp_path: Path, north: float, mag: list[float], expected: str
) -> None:
    """The row is 0.5 arcsec from the first star; the second lies beyond."""
    source = curves_of(
        tmp_path / "c.parquet", [50, 50, 60], [-0.5 * ARCSEC, north * ARCSEC, 0], mag=[*mag, 15]
    )
    catalogue = vsx(tmp_path / "v.csv", [50, 60], [0, 0], ["EA", "M"])
    label(source, [catalogue], tmp_path / "out")
    assert outcomes(tmp_path / "out")[0] == expected
    assert set(labelled(tmp_path / "out")) == ({1, 3} if expected == "used" else {3})


def test_all_bands_and_fields_of_a_star_get_its_labels(tmp_path: Path) -> None:
    source = curves_of(
        tmp_path / "c.parquet",
        [50, 50, 50, 60, 60],
        [0, 0.2 * ARCSEC, -0.2 * ARCSEC, 0, 0],
        band=[1, 2, 3, 1, 1],
    )
    catalogue = vsx(tmp_path / "v.csv", [50, 60], [0, 0], ["EA", "M"])
    summary = label(source, [catalogue], tmp_path / "out")
    assert set(labelled(tmp_path / "out")) == {1, 2, 3}
    # Two light curves of one band in one field are not of one star.
    assert outcomes(tmp_path / "out") == ["used", "unresolved_light_curves"]
    assert summary.unlabelled == {"unresolved_light_curves": 2}


@pytest.mark.parametrize(
    ("rule", "kept", "state"),
    [
        ("leave_out", {2, 3}, ["disagrees", "used", "used"]),
        ("first", {1, 2, 3}, ["used", "used", "used"]),
        ("unknown", {1, 2, 3}, ["used", "used", "used"]),
    ],
)
def test_catalogues_that_contradict_one_another(
    tmp_path: Path, rule: str, kept: set[int], state: list[str]
) -> None:
    source = curves_of(tmp_path / "c.parquet", [50, 60, 70], [0, 0, 0])
    first = vsx(
        tmp_path / "v.csv", [50, 60, 70], [0, 0, 0], ["EA", "E", "M"], Period=[2, None, 300]
    )
    frame = pd.DataFrame(
        {
            "ID": ["a", "b"],
            "RAdeg": [50, 60],
            "DEdeg": [0, 0],
            "Type": ["RR", "EW"],
            "Per": [1, 0.4],
        }
    )
    frame.to_csv(tmp_path / "chen.csv", index=False)
    second = CatalogueFile(tmp_path / "chen.csv", rules("chen2020"))
    label(source, [first, second], tmp_path / "out", disagreement=rule)
    assert set(labelled(tmp_path / "out")) == kept
    assert outcomes(tmp_path / "out") == [
        *state,
        "disagrees",
        "confirms",
    ]
    lines = read_table(tmp_path / "out/disagreements.parquet").to_pydict()
    assert lines["catalogue_class"] == ["EA", "RR"]
    found = read_labels([tmp_path / "out/labels.parquet"])
    where = {int(one): row for row, one in enumerate(found.ids)}
    # The second catalogue knows what the first leaves open, and its period.
    assert found.columns["EW"][where[2]] == 1
    table = read_table(tmp_path / "out/labels.parquet").to_pydict()
    assert table["catalogue_period_days"][where[2]] == 0.4
    if rule == "unknown":
        assert np.isnan(found.columns["EA"][where[1]])
        assert found.columns["variable"][where[1]] == 1


def test_known_wins_over_unknown() -> None:
    vague, exact = Labelling(("a",), ("b", "c")), Labelling(("a", "b"), ())
    assert join_labellings((vague, exact), "leave_out") == (Labelling(("a", "b"), ()), ())
    assert join_labellings((exact, Labelling(("c",), ())), "first") == (exact, ("a", "b", "c"))


VIZIER = """#
#   VizieR Astronomical Server vizier.cds.unistra.fr
#Column\tName\t(a30)
OID\tName\tRAJ2000\tDEJ2000\tType\tPeriod
 \t \tdeg\tdeg\t \td
---\t---\t---\t---\t---\t---
0012\tAB Cnc\t050.00000\t+00.00000\tEA/SD\t1.5
13\tAC Cnc\t060.00000\t+00.00000\tRRAB\t0.55
#END#
"""


def test_the_same_table_in_each_format(tmp_path: Path) -> None:
    from astropy.table import Table

    source = curves_of(tmp_path / "c.parquet", [50, 60], [0, 0])
    (tmp_path / "v.tsv").write_text(VIZIER)
    columns: dict[str, Any] = {
        "OID": ["0012", "13"],
        "RAJ2000": [50.0, 60.0],
        "DEJ2000": [0.0, 0.0],
        "Type": ["EA/SD", "RRAB"],
        "Period": [1.5, 0.55],
    }
    table = Table(columns, units={"RAJ2000": "deg", "DEJ2000": "deg", "Period": "d"})
    table.write(tmp_path / "v.vot", format="votable")
    table.write(tmp_path / "v.fits")
    hours = Table(table)
    hours["RAJ2000"] = [200.0, 240.0]
    hours["RAJ2000"].unit = "min"
    hours["Period"] = [36.0, 13.2]
    hours["Period"].unit = "h"
    pd.DataFrame(columns).to_parquet(tmp_path / "v.parquet")
    sexagesimal = {"RAJ2000": ["03 20 00.0", "04:00:00"], "DEJ2000": ["-00 00 00.1", "+00:00:00"]}
    pd.DataFrame({**columns, **sexagesimal}).to_csv(tmp_path / "v.csv", index=False)
    expected = None
    for name in ("v.tsv", "v.vot", "v.fits", "v.parquet", "v.csv"):
        label(source, [CatalogueFile(tmp_path / name, rules("vsx"))], tmp_path / "out")
        found = read_table(tmp_path / "out/labels.parquet").drop_columns(["separation_arcsec"])
        expected = expected or found
        assert found.to_pydict() == expected.to_pydict(), name
    assert labelled(tmp_path / "out") == {1: "0012", 2: "13"}


def test_every_map_that_ships_can_be_used() -> None:
    names = {path.stem for path in MAPS_FOLDER.glob("*.yaml")}
    assert names == {"csdr1", "vsx", "asassn", "gaia_vari", "ogle", "chen2020"}
    for name in names:
        assert rules(name).classes


@pytest.mark.parametrize(
    ("text", "labels", "unknown"),
    [
        ("EA/SD", "eclipsing EA", "compact binary"),
        ("EA|EW", "eclipsing", "EA EW"),
        ("DSCT(B)", "Delta Scu", "multi periodic"),
        ("EA+BY", "EA periodic", "flaring"),
        ("EA/RS", "EA", "RS CVn"),
        ("RRAB/BL", "RR Lyrae Blazhko", ""),
        ("CST", "non-variable", ""),
    ],
)
def test_types_of_gcvs(text: str, labels: str, unknown: str) -> None:
    found = rules("vsx").of(text)
    assert isinstance(found, Labelling)
    assert all(any(name in one for one in found.labels) for name in labels.split(" ") if name)
    assert all(any(name in one for one in found.unknown) for name in unknown.split(" ") if name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("columns: {where: [x]}", "columns for 'where'"),
        ("classes: {1: QQ}", "'QQ' is no class"),
        ("classes: {1: {is: [sharp]}}", "'sharp' is no label"),
        ("leave_out: [1]", "class 1 that is used and left out"),
        ("grammar: english", "grammar 'english'"),
        ("colour: red", "key 'colour'"),
    ],
)
def test_maps_that_cannot_be_used(tmp_path: Path, change: str, message: str) -> None:
    name = change.split(":")[0]
    base = {"name": "name: X", "columns": "columns: {}", "classes": "classes: {1: EA}"}
    text = "\n".join({**base, name: change}.values())
    (tmp_path / "map.yaml").write_text(text)
    with pytest.raises(ConfigError, match="map of a catalogue") as caught:
        CatalogueMap.load(tmp_path / "map.yaml", KNOWN)
    assert message in str(caught.value)


@pytest.mark.parametrize("content", ["", "EA", "[1]", None])
def test_a_map_that_is_none_is_told_in_words(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "map.yaml"
    if content is not None:
        path.write_text(content)
    for load in (LabelMap.load, lambda place: CatalogueMap.load(place, KNOWN)):
        with pytest.raises(ConfigError, match=r"it has no keys|'No such file or directory'"):
            load(path)


GOOD = "ID,RAdeg,DEdeg,Type,Per\na,50,0,EA,2\nb,60,0,RR,0.5\n"


@pytest.mark.parametrize(
    ("name", "text", "options", "message"),
    [
        ("t.csv", GOOD.replace("Type", "Sort"), [], "without a column for class"),
        ("t.csv", GOOD.replace("RAdeg", "lon"), [], "without a column for ra"),
        ("t.csv", GOOD, ["--column", "ra=lon"], "no such column"),
        ("t.csv", GOOD, ["--unit", "ra=mag"], "unit that does not fit: 'mag'"),
        ("t.csv", GOOD, ["--unit", "period=parsec"], "unit that does not fit: 'parsec'"),
        ("t.csv", GOOD.replace("EA", "E7"), [], "does not know: 'E7 (1 rows)'"),
        ("t.csv", GOOD.replace("50,0", "400,0"), [], "not on the sphere"),
        ("t.csv", GOOD.replace(",0.5", ",half"), [], "'half'"),
        ("t.csv", GOOD[:-8], [], "t.csv"),
        ("t.csv", "ID,RAdeg,DEdeg,Type,Per\n", [], "the table has no rows"),
        ("t.tsv", VIZIER[:-6], [], "the line #END# is not there"),
        ("t.vot", "<?xml version='1.0'?><VOTABLE><RESOURCE>", [], "not readable as VOTable"),
        ("t.xyz", GOOD, [], "unknown format"),
        ("t.csv", GOOD.replace("50,", "53,").replace("60,", "63,"), [], "no light curve is a star"),
    ],
)
def test_tables_that_cannot_be_used_are_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    text: str,
    options: list[str],
    message: str,
) -> None:
    curves_of(tmp_path / "c.parquet", [50, 60], [0, 0])
    (tmp_path / name).write_text(text)
    arguments = ["--light-curves", str(tmp_path / "c.parquet"), "--output", str(tmp_path / "out")]
    table = ["--catalogue", f"chen2020={tmp_path / name}"]
    assert main(["label-light-curves", *arguments, *table, *options]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    assert not (tmp_path / "out/labels.parquet").exists()


def test_hours_and_radians_without_a_unit_are_not_taken_for_degrees(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(1)
    ra, dec = rng.uniform(0, 360, 200), rng.uniform(-60, 60, 200)
    curves_of(tmp_path / "c.parquet", ra, dec)
    for unit, factor in (("hourangle", 1 / 15), ("rad", math.pi / 180)):
        height = dec if unit == "hourangle" else dec * factor
        vsx(tmp_path / "v.csv", ra * factor, height, ["EA"] * 200)
        command = ["label-light-curves", "--light-curves", str(tmp_path / "c.parquet")]
        command += ["--catalogue", f"vsx={tmp_path / 'v.csv'}", "--output", str(tmp_path / "out")]
        assert main(command) == 2
        assert f"look like {unit}" in capsys.readouterr().err
        stated = ["--unit", f"ra={unit}", *(["--unit", "dec=rad"] if unit == "rad" else [])]
        assert main([*command, *stated]) == 0
        assert len(labelled(tmp_path / "out")) == 200
        capsys.readouterr()


def test_a_cut_fixed_width_table_is_refused(real_data: Path, tmp_path: Path) -> None:
    from scope.errors import CorruptFileError
    from scope.io.published import read_published_table

    text = (real_data / CSDR1_TABLE).read_text().split("\n")
    head, rows = text[:33], text[33:60]
    # Class 16 would become class 1.
    (tmp_path / "t.txt").write_text("\n".join([*head, *rows[:-1], rows[-1][:70]]))
    with pytest.raises(CorruptFileError, match="its last line is cut"):
        read_published_table(tmp_path / "t.txt")
    (tmp_path / "t.txt").write_text("\n".join([*head, *rows]) + "\n")
    assert len(read_published_table(tmp_path / "t.txt").frame) == len(rows)


def test_a_catalogue_in_one_word() -> None:
    found = Catalogues.model_validate({"tables": ["csdr1=table3.txt"]})
    assert (found.tables[0].map, found.tables[0].path) == ("csdr1", "table3.txt")


def test_flags_of_the_catalogue(tmp_path: Path) -> None:
    source = curves_of(tmp_path / "c.parquet", [50, 60, 70], [0, 0, 0])
    frame = pd.DataFrame(
        {
            "CSS": ["a", "b", "c"],
            "RAJ2000": [50, 60, 70],
            "DEJ2000": [0, 0, 0],
            "Class": [1, 2, 4],
            "f_Class": ["f", "a", None],
            "PF": [0.3, 2.0, 0.5],
        }
    )
    frame.to_csv(tmp_path / "t.csv", index=False)
    label(source, [CatalogueFile(tmp_path / "t.csv", rules("csdr1"))], tmp_path / "out")
    assert outcomes(tmp_path / "out") == ["flagged", "used", "used"]
    table = read_table(tmp_path / "out/labels.parquet").to_pydict()
    assert table["catalogue_period_days"] == [None, 0.5]
