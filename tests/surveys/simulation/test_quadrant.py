"""A simulated quadrant on disk: an archive like any other, with its truth."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from scope.errors import InputError
from scope.features.crossmatch_catalogues import CATALOGUES
from scope.io import read_metadata, read_table
from scope.lightcurves.bright_stars import near_bright_star
from scope.lightcurves.cleaning import clean
from scope.lightcurves.sky import separation_arcsec, unit_vectors
from scope.surveys.archive import Archive
from scope.surveys.simulation import simulate, simulate_quadrant

UNIT = "ccd_03_quad_2"
PLACE = {"field": 604, "ccd": 3, "quad": 2}


@pytest.fixture(scope="module")
def quadrant(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulation") / "quadrant"
    return simulate_quadrant(folder, **PLACE, n_stars=1020, seed=7)


@pytest.fixture(scope="module")
def truth(quadrant):
    return read_table(quadrant.folder / "truth.parquet").to_pandas()


@pytest.fixture(scope="module")
def archive(quadrant):
    return Archive(quadrant.folder)


@pytest.fixture(scope="module")
def sources(archive):
    return archive.sources(604, UNIT)


def test_the_folder_is_an_archive_of_one_quadrant(quadrant, archive):
    assert archive.fields() == [604]
    assert archive.units(604) == [UNIT]
    assert archive.release == "DR16"
    names = sorted(path.name for path in quadrant.folder.glob("*.parquet"))
    assert names == [
        "truth.parquet",
        "ztf_000604_zg_c03_q2_dr16.parquet",
        "ztf_000604_zr_c03_q2_dr16.parquet",
    ]


def test_there_are_enough_light_curves_with_enough_epochs(quadrant, archive):
    counts = []
    for piece in archive.iter_lightcurves(604, UNIT, rows=700):
        cleaned, _ = clean(piece)
        counts += cleaned.n_epochs.tolist()
    counts = np.array(counts)
    assert quadrant.n_lightcurves == len(counts) >= 2000
    assert np.sum(counts >= 50) >= 1000
    assert np.sum(counts < 50) >= 50
    assert np.median(counts[counts > 0]) == pytest.approx(150, rel=0.15)


def test_every_listed_light_curve_has_one_row_of_truth(truth, sources):
    assert truth.objectid.tolist() == sorted(sources.column("_id").to_pylist())
    assert truth.objectid.is_unique
    assert truth.n_listed.sum() > 0


def test_positions_of_truth_are_those_of_the_files(truth, sources):
    table = sources.to_pandas().set_index("_id").loc[truth.objectid]
    np.testing.assert_array_equal(table.ra.to_numpy(), truth.ra)
    np.testing.assert_array_equal(table.dec.to_numpy(), truth.dec)
    # Bands of a star are a fraction of an arcsec apart.
    stars = truth.groupby("sourceid").filter(lambda rows: len(rows) == 2)
    first, second = (stars[stars.filterid == band] for band in (1, 2))
    apart = separation_arcsec(
        unit_vectors(first.ra, first.dec), unit_vectors(second.ra, second.dec)
    )
    assert np.max(apart) < 0.5


def test_the_files_have_the_columns_of_real_bulk_files(quadrant):
    schema = pq.read_schema(quadrant.folder / "ztf_000604_zg_c03_q2_dr16.parquet")
    assert schema.names == [
        *("objectid", "filterid", "fieldid", "rcid", "objra", "objdec", "nepochs"),
        *("hmjd", "mag", "magerr", "clrcoeff", "catflags"),
    ]
    assert str(schema.field("hmjd").type) == "list<element: double>"
    assert str(schema.field("mag").type) == "list<element: float>"


@pytest.mark.real
def test_no_column_of_a_real_bulk_file_is_missing(quadrant, real_data):
    real = pq.read_schema(real_data / "light_curves/ztf_dr5_bulk/ztf_000250_zg_c01_q1_dr5.parquet")
    mine = pq.read_schema(quadrant.folder / "ztf_000604_zg_c03_q2_dr16.parquet")
    assert set(real.names) - {"__index_level_0__"} == set(mine.names)


def test_a_few_per_cent_of_the_sources_lie_beside_bright_stars(quadrant, truth):
    gaia = read_table(quadrant.folder / "crossmatch/Gaia_EDR3.parquet")
    near = near_bright_star(truth.ra, truth.dec, gaia)
    assert 0.01 < np.mean(near) < 0.10
    assert np.mean(near[truth["class"] == "BOGUS-BRIGHT"]) > 0.9


def test_catalogues_match_most_stars_and_not_all(quadrant, archive, truth):
    matched = archive.crossmatch(truth.ra, truth.dec, 2.0).to_pandas()
    for name in CATALOGUES:
        found = matched[f"{name}___id"].notna()
        assert 0.7 < found.mean() < 0.995, name
        assert matched[f"{name}__searched"].all()
    # The match is the star itself: its mean magnitude agrees with the light curve's.
    constant = (truth["class"] == "CONST") & (truth.filterid == 1)
    difference = (matched.PS1_DR1__gMeanPSFMag - truth.mean_mag)[constant]
    assert difference.abs().median() < 0.02
    assert (difference.abs() < 0.2).sum() > 0.97 * difference.notna().sum()


def test_variables_raise_alerts_that_look_real_and_bogus_sources_others(archive, truth):
    alerts = archive.alerts(truth.ra, truth.dec, 2.0).to_pandas()
    table = truth.assign(n=alerts.n_ztf_alerts.to_numpy(), score=alerts.mean_ztf_alert_braai)
    large = table[(table["class"] == "RRab") & (table.snr > 10)]
    assert large.n.median() > 20
    assert large.score.median() > 0.7
    assert table[table["class"] == "CONST"].n.median() <= 1
    bogus = table[table["class"].str.startswith("BOGUS") & (table.n > 5)]
    assert bogus.score.median() < 0.5


def test_the_truth_says_how_it_was_made(quadrant):
    settings = read_metadata(quadrant.folder / "truth.parquet")["simulation"]
    assert settings["seed"] == 7
    assert settings["field"] == 604
    assert settings["mix"] == "sky"


def test_what_is_made_of_simulated_files_claims_no_data_release(archive):
    facts = archive.facts(604, UNIT)
    assert facts["data_release"] == "simulation"
    assert facts["simulation"]["seed"] == 7
    assert facts["simulation"]["n_stars"] == 1020
    assert facts["simulation"]["version"] >= 1


def test_the_summary_counts_what_was_written(quadrant, truth):
    assert quadrant.n_lightcurves == len(truth)
    assert quadrant.n_points == truth.n_listed.sum()
    assert quadrant.per_class == truth["class"].value_counts().to_dict()
    assert "1020 stars" in str(quadrant)


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        simulate_quadrant(tmp_path / name, **PLACE, n_stars=40, seed=3, mix="balanced", bands="gri")
    one, two = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.parquet")}
        for folder in (tmp_path / "one", tmp_path / "two")
    )
    assert len(one) == 8
    assert one == two


def test_a_larger_quadrant_begins_with_the_same_light_curves(tmp_path):
    tables = []
    for n_stars in (30, 300):
        folder = tmp_path / str(n_stars)
        simulate_quadrant(folder, **PLACE, n_stars=n_stars, seed=3, with_crossmatch=False)
        tables.append(read_table(folder / "ztf_000604_zr_c03_q2_dr16.parquet"))
    assert tables[1].slice(0, tables[0].num_rows).equals(tables[0])


def test_without_crossmatch_there_are_no_tables_of_it(tmp_path):
    simulate_quadrant(tmp_path / "q", **PLACE, n_stars=5, with_crossmatch=False)
    assert not (tmp_path / "q/crossmatch").exists()


def test_a_failure_leaves_nothing_behind(tmp_path, monkeypatch):
    def fail(*arguments):
        raise RuntimeError("power cut")

    monkeypatch.setattr(simulate, "draw_alerts", fail)
    with pytest.raises(RuntimeError, match="power cut"):
        simulate_quadrant(tmp_path / "q", **PLACE, n_stars=5)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_behind_is_removed(tmp_path):
    abandoned = tmp_path / ".q.abcdefgh.tmp"
    abandoned.mkdir()
    (abandoned / "ztf.parquet").write_bytes(b"half")
    simulate_quadrant(tmp_path / "q", **PLACE, n_stars=3, with_crossmatch=False)
    assert [path.name for path in tmp_path.iterdir()] == ["q"]


def test_a_folder_with_content_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("keep me")
    with pytest.raises(InputError, match="not empty"):
        simulate_quadrant(tmp_path, **PLACE, n_stars=5)
    assert (tmp_path / "mine.txt").read_text() == "keep me"


def test_an_empty_folder_may_be_there_already(tmp_path):
    (tmp_path / "q").mkdir()
    simulate_quadrant(tmp_path / "q", **PLACE, n_stars=3, with_crossmatch=False)
    assert (tmp_path / "q/truth.parquet").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_stars": 0}, "n_stars of a simulation: 0"),
        ({"quad": 5}, "quad of a simulation: 5; allowed: 1 to 4"),
        ({"ccd": 17}, "ccd of a simulation"),
        ({"seed": -1}, "seed of a simulation"),
        ({"field": 1}, "field that cannot be simulated"),
        ({"mix": "some"}, "mix of classes"),
        ({"bands": "gz"}, "bands to simulate"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_written(tmp_path, arguments, message):
    with pytest.raises(InputError, match=message):
        simulate_quadrant(tmp_path / "q", **{**PLACE, "n_stars": 5, **arguments})
    assert list(tmp_path.iterdir()) == []
