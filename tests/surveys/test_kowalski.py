"""The survey on Kowalski against an archive of the same light curves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from scope.errors import InputError, ServiceError
from scope.features.crossmatch_catalogues import CATALOGUES, crossmatch_columns
from scope.io import read_metadata, read_table
from scope.lightcurves.bright_stars import BrightStarOptions
from scope.lightcurves.cleaning import CleaningOptions, clean
from scope.schema import SOURCES as SOURCE_COLUMNS
from scope.schema import lightcurve_schema, validate
from scope.surveys.archive import Archive
from scope.surveys.fetch_crossmatch import fetch_crossmatch
from scope.surveys.fetch_lightcurves import fetch_lightcurves
from scope.surveys.fetch_sources import fetch_sources
from scope.surveys.kowalski import KowalskiSurvey
from scope.surveys.kowalski_settings import ALL_UNITS, KowalskiCollections
from tests.services.kowalski_stub import StubKowalski
from tests.services.kowalski_stub.database import Collection
from tests.services.kowalski_stub.documents import (
    SOURCES,
    collections_of,
    coordinates,
    kowalski_id,
    public_documents,
)
from tests.surveys.bulk_files import write_bulk
from tests.surveys.kowalski_sky import FIELD, UNIT, simulate, survey_of

CLEANING = CleaningOptions(min_epochs=20)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate(tmp_path_factory.mktemp("sky") / "archive")


@pytest.fixture(scope="module")
def archive(folder: Path) -> Archive:
    return Archive(folder)


@pytest.fixture
def stub(folder: Path) -> Iterator[StubKowalski]:
    with StubKowalski(collections_of(folder, programids=(1, 2, 3))) as server:
        yield server


def archive_ids(table: pa.Table) -> list[int]:
    """Ids of an archive, by Kowalski's scheme; readout channel 0."""
    return [kowalski_id(number, 0) for number in table.column("_id").to_pylist()]


def run_stages(survey: KowalskiSurvey, folder: Path, cleaning=CLEANING) -> dict[str, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / f"{name}.parquet" for name in ("sources", "curves", "matches")}
    fetch_sources(survey, FIELD, UNIT, paths["sources"], bright_star=BrightStarOptions())
    fetch_lightcurves(
        survey, paths["sources"], FIELD, UNIT, paths["curves"], cleaning=cleaning, rows=30
    )
    fetch_crossmatch(survey, paths["sources"], paths["matches"])
    return paths


def test_every_source_of_the_archive_is_listed_by_id(archive, stub) -> None:
    table = survey_of(stub).sources(FIELD, UNIT)
    validate(table, SOURCE_COLUMNS)
    expected = archive.sources(FIELD, UNIT)
    order = np.argsort(archive_ids(expected))
    expected = expected.take(pa.array(order))
    assert table.column("_id").to_pylist() == archive_ids(expected)
    for name in ("field", "ccd", "quad", "filter", "n_listed"):
        assert table.column(name).equals(expected.column(name)), name
    for name in ("ra", "dec"):
        np.testing.assert_allclose(table.column(name), expected.column(name), rtol=0, atol=1e-12)


def test_sources_with_few_listed_epochs_are_left_to_the_server(archive, stub) -> None:
    table = survey_of(stub, min_epochs=65).sources(FIELD, UNIT)
    listed = archive.sources(FIELD, UNIT).column("n_listed")
    assert 0 < table.num_rows == pc.sum(pc.greater_equal(listed, 65)).as_py() < len(listed)


def test_light_curves_are_those_of_the_archive_to_the_digits_that_are_kept(archive, stub) -> None:
    found = {
        int(curve.ids[0]): curve
        for piece in survey_of(stub).iter_lightcurves(FIELD, UNIT, rows=1000)
        for curve in piece.batches(1)
    }
    expected = list(archive.iter_lightcurves(FIELD, UNIT))
    assert len(found) == sum(len(piece) for piece in expected)
    for piece in expected:
        for curve in piece.batches(1):
            same = found[kowalski_id(int(curve.ids[0]), 0)]
            # the database keeps five decimals
            np.testing.assert_allclose(same.time, curve.time, rtol=0, atol=6e-6)
            np.testing.assert_allclose(same.mag, curve.mag, rtol=0, atol=6e-6)
            np.testing.assert_allclose(same.magerr, curve.magerr, rtol=0, atol=6e-6)
            np.testing.assert_array_equal(same.catflags, curve.catflags)
            assert same.time_zero_hjd == curve.time_zero_hjd


@pytest.mark.parametrize("queries", [1, 4])
def test_ids_ascend_over_all_batches_however_the_server_orders_them(stub, queries) -> None:
    survey = survey_of(stub, queries=queries)
    pieces = list(survey.iter_lightcurves(FIELD, UNIT, rows=10))
    ids = np.concatenate([piece.ids for piece in pieces])
    assert np.all(np.diff(ids) > 0)
    assert max(len(piece) for piece in pieces) == 10
    assert ids.tolist() == survey.sources(FIELD, UNIT).column("_id").to_pylist()


def test_light_curves_are_returned_in_the_order_asked_for_and_empty_where_there_is_none(
    stub, caplog
) -> None:
    survey = survey_of(stub)
    known = survey.sources(FIELD, UNIT).column("_id").to_pylist()
    asked = [known[5], 17, known[0], known[5], known[40]]
    curves = survey.lightcurves(asked)
    assert curves.ids.tolist() == asked
    assert curves.n_epochs[1] == 0
    assert np.all(curves.n_epochs[[0, 2, 3, 4]] > 0)
    assert "has none of 1 light curves, such as 17" in caplog.text
    assert len(survey.lightcurves([])) == 0


def test_documents_that_an_answer_lacks_are_asked_for_again(stub) -> None:
    survey = survey_of(stub)
    expected = survey.lightcurves(survey.sources(FIELD, UNIT).column("_id").to_numpy())
    query, short = survey.client.query, []

    def forgetful(one):
        answer = query(one)
        if one["query_type"] == "find" and len(answer) > 9:
            short.append(len(answer))
            return answer[3:]
        return answer

    survey.client.query = forgetful  # type: ignore[method-assign]
    found = survey.lightcurves(expected.ids)
    assert short
    np.testing.assert_array_equal(found.offsets, expected.offsets)


def test_only_points_of_the_chosen_programmes_are_used(stub) -> None:
    every = next(survey_of(stub).iter_lightcurves(FIELD, UNIT))
    public = next(survey_of(stub, programids=(1,)).iter_lightcurves(FIELD, UNIT))
    # the stub gives the points of a light curve to programmes 1, 2, 3 in turn
    np.testing.assert_array_equal(public.n_epochs, -(-every.n_epochs // 3))
    np.testing.assert_array_equal(
        public.time[: public.n_epochs[0]], every.time[::3][: public.n_epochs[0]]
    )


def test_the_last_date_cuts_points_and_not_whole_light_curves(stub, tmp_path) -> None:
    survey = survey_of(stub)
    middle = float(np.median(next(survey.iter_lightcurves(FIELD, UNIT)).time)) + 2400000.5
    cleaning = CleaningOptions(min_epochs=5, max_timestamp_hjd=middle)
    every = run_stages(survey, tmp_path / "all", CleaningOptions(min_epochs=5))
    cut = run_stages(survey, tmp_path / "cut", cleaning)
    cut_off = 0
    rows = [read_table(one["curves"]).to_pylist() for one in (every, cut)]
    for before, after in zip(*rows, strict=True):
        if after["reason"] is None:
            # points are kept from the first on, so a cut leaves the same ones before it
            assert after["hmjd"] == [t for t in before["hmjd"] if t + 2400000.5 <= middle]
            cut_off += len(before["hmjd"]) - len(after["hmjd"])
    assert cut_off > 100


def test_matches_are_those_of_the_archive(archive, stub) -> None:
    survey = survey_of(stub)
    sources = survey.sources(FIELD, UNIT)
    ra, dec = sources.column("ra").to_numpy(), sources.column("dec").to_numpy()
    found, expected = survey.crossmatch(ra, dec, 2.0), archive.crossmatch(ra, dec, 2.0)
    assert found.schema.names == expected.schema.names
    for name in found.schema.names:
        assert found.column(name).to_pylist() == expected.column(name).to_pylist(), name
    assert 0 < found.column("Gaia_EDR3___id").null_count < len(ra)
    assert survey.alerts(ra, dec, 2.0).equals(archive.alerts(ra, dec, 2.0))


def test_the_nearest_of_several_matches_counts() -> None:
    stars = [
        {"_id": str(number), "phot_g_mean_mag": 15.0, "coordinates": coordinates(ra, 20.0)}
        for number, ra in enumerate([10.0004, 10.0001, 10.0003])
    ]
    with StubKowalski({"Gaia_EDR3": stars, SOURCES: []}) as server:
        names = KowalskiCollections(SOURCES, None, "Gaia_EDR3", None, None)
        found = survey_of(server, collections=names).crossmatch([10.0], [20.0], 2.0)
    assert found.column("Gaia_EDR3___id").to_pylist() == [1]
    assert found.column("Gaia_EDR3__searched").to_pylist() == [True]
    assert found.column("AllWISE__searched").to_pylist() == [False]


def test_an_alert_near_two_light_curves_of_a_star_counts_once_for_each() -> None:
    alerts = [
        {"_id": 1, "classifications": {"braai": 0.5}, "coordinates": coordinates(10.0, 20.0)},
        {"_id": 2, "coordinates": coordinates(10.0001, 20.0)},
        {"_id": 3, "classifications": {"braai": 1.0}, "coordinates": coordinates(10.1, 20.0)},
    ]
    with StubKowalski({"ZTF_alerts": alerts, SOURCES: []}) as server:
        found = survey_of(server).alerts([10.0, 10.00002, 11.0], [20.0, 20.0, np.nan], 2.0)
    assert found.column("n_ztf_alerts").to_pylist() == [2, 2, 0]
    # the second alert has no score
    assert found.column("mean_ztf_alert_braai").to_pylist() == [0.5, 0.5, 0.0]


def test_cones_find_what_the_archive_finds(archive, stub) -> None:
    positions = archive.sources(FIELD, UNIT).take([3, 50, 8])
    ra = [*positions.column("ra").to_pylist(), 200.0]
    dec = [*positions.column("dec").to_pylist(), 0.0]
    found, expected = survey_of(stub).cone(ra, dec, 30.0), archive.cone(ra, dec, 30.0)
    assert found.column("query").equals(expected.column("query"))
    assert found.column("_id").to_pylist() == archive_ids(expected)
    np.testing.assert_allclose(
        found.column("separation_arcsec"), expected.column("separation_arcsec"), atol=1e-6
    )


def test_a_cone_at_right_ascension_zero_looks_on_both_sides() -> None:
    documents = [
        {"_id": 10**13 + 700 * 10**9 + 10**6 + k, "coordinates": coordinates(ra, 0.0), "nobs": 1}
        for k, ra in enumerate([359.9999, 0.0001, 180.0])
    ]
    with StubKowalski({SOURCES: documents}) as server:
        survey = survey_of(server)
        for ra in (0.0, 360.0, -1e-6):
            found = survey.cone([ra], [0.0], 1.0).column("_id").to_pylist()
            assert sorted(found) == [one["_id"] for one in documents[:2]]


def test_bright_stars_exclude_what_they_exclude_in_the_archive(archive, stub, tmp_path) -> None:
    found, expected = tmp_path / "found.parquet", tmp_path / "expected.parquet"
    options = BrightStarOptions()
    survey = survey_of(stub)
    fetch_sources(survey, FIELD, UNIT, found, bright_star=options)
    fetch_sources(archive, FIELD, UNIT, expected, bright_star=options)
    table = read_table(expected)
    reasons = dict(zip(archive_ids(table), table.column("reason").to_pylist(), strict=True))
    assert "bright_star" in reasons.values()
    table = read_table(found)
    ids = table.column("_id").to_pylist()
    assert table.column("reason").to_pylist() == [reasons[number] for number in ids]
    cones = stub.queries("cone_search")
    assert len(cones) == 1
    assert cones[0]["query"]["catalogs"]["Gaia_EDR3"]["filter"] == {
        "phot_g_mean_mag": {"$lt": 13.0}
    }


def test_scattered_positions_are_looked_around_one_by_one(stub, archive) -> None:
    sources = archive.sources(FIELD, UNIT)
    ra = [sources.column("ra")[0].as_py(), 200.0]
    dec = [sources.column("dec")[0].as_py(), 0.0]
    found = survey_of(stub).catalogue("AllWISE", ra, dec, 300.0)
    expected = archive.catalogue("AllWISE", ra[:1], dec[:1], 300.0)
    ids = set(found.column("_id").to_pylist())
    assert ids
    assert ids <= set(expected.column("_id").to_pylist())
    (cone,) = stub.queries("cone_search")
    assert len(cone["query"]["object_coordinates"]["radec"]) == 2


def test_faults_of_the_server_leave_no_trace_in_the_products(stub, tmp_path) -> None:
    calm = run_stages(survey_of(stub), tmp_path / "calm")
    stub.faults.at_random(0.25)
    stormy = run_stages(survey_of(stub, queries=3, ids_per_query=9), tmp_path / "stormy")
    assert stub.faults.injected.total() > 5
    for name, path in calm.items():
        assert path.read_bytes() == stormy[name].read_bytes(), name


def test_products_have_every_source_and_say_where_they_are_from(stub, tmp_path) -> None:
    survey = survey_of(stub, min_epochs=2)
    paths = run_stages(survey, tmp_path)
    ids = read_table(paths["sources"]).column("_id")
    for name, columns in (
        ("sources", SOURCE_COLUMNS),
        ("curves", lightcurve_schema()),
        ("matches", crossmatch_columns()),
    ):
        table = read_table(paths[name])
        validate(table, columns)
        assert table.column("_id").equals(ids)
        record = read_metadata(paths[name])
        assert record["data_release"] == "20240117"
        assert record["collections"]["sources"] == SOURCES
        assert set(CATALOGUES) < set(record["collections"])
        assert record["programids"] == [1, 2, 3]
        assert record["min_listed_epochs"] == 2


def test_a_source_that_went_away_meanwhile_keeps_its_row_with_a_reason(stub, tmp_path) -> None:
    survey = survey_of(stub)
    sources, curves = tmp_path / "sources.parquet", tmp_path / "curves.parquet"
    fetch_sources(survey, FIELD, UNIT, sources)
    held = stub.database.collections[SOURCES]
    stub.database.collections[SOURCES] = Collection(held.documents[4:])
    fetch_lightcurves(survey, sources, FIELD, UNIT, curves, cleaning=CLEANING)
    table = read_table(curves)
    assert table.column("_id").equals(read_table(sources).column("_id"))
    gone = {one["_id"] for one in held.documents[:4]}
    for number, reason in zip(
        table.column("_id").to_pylist(), table.column("reason").to_pylist(), strict=True
    ):
        assert (reason == "no_light_curve") == (number in gone)


def test_a_quadrant_without_sources_gives_files_without_rows(tmp_path) -> None:
    with StubKowalski({SOURCES: [], "Gaia_EDR3": [], "AllWISE": [], "PS1_DR1": []}) as server:
        names = KowalskiCollections(SOURCES, alerts=None)
        paths = run_stages(survey_of(server, collections=names), tmp_path)
        assert server.queries("cone_search") == []
    for name, columns in (
        ("sources", SOURCE_COLUMNS),
        ("curves", lightcurve_schema()),
        ("matches", crossmatch_columns()),
    ):
        table = read_table(paths[name])
        assert table.num_rows == 0
        validate(table, columns)


def test_an_answer_that_lacks_a_position_is_no_answer(stub) -> None:
    survey = survey_of(stub)
    survey.client.query = lambda query: {"ZTF_alerts": {"0": []}}  # type: ignore[method-assign]
    with pytest.raises(ServiceError, match="1 of 2 positions are not in it"):
        survey.alerts([10.0, 11.0], [20.0, 20.0], 2.0)


def test_a_collection_with_modified_dates_is_taken_as_that_with_a_warning(tmp_path, caplog) -> None:
    path = write_bulk(tmp_path, [4, 2])
    documents = list(public_documents(path))
    for document in documents:
        document["data"].columns["programid"] = np.ones(len(document["data"]))
    with StubKowalski({SOURCES: documents}) as server:
        curves = survey_of(server).lightcurves([documents[0]["_id"]])
    cleaned, reasons = clean(curves, CleaningOptions(min_epochs=1))
    assert reasons.tolist() == [None]
    # As `bulk_table` has them; a Julian date has half a nanoday to tell.
    assert cleaned.time == pytest.approx(58000.25 + np.arange(4), abs=1e-9)
    assert "1 light curves are modified Julian dates (hmjd) in place of" in caplog.text
    assert "such as 58001.75 of _id" in caplog.text
    cut = CleaningOptions(min_epochs=1, max_timestamp_hjd=2459000.0)
    assert clean(curves, cut)[1].tolist() == ["other_dates"]
    with (
        StubKowalski({SOURCES: list(public_documents(path))}) as server,
        pytest.raises(InputError, match=r"points that lack a value .*'programid'"),
    ):
        survey_of(server).lightcurves([documents[0]["_id"]])


def test_making_a_survey_and_asking_for_its_units_contacts_nobody(stub) -> None:
    survey = survey_of(stub)
    assert survey.units(FIELD) == list(ALL_UNITS)
    assert len(ALL_UNITS) == 64
    assert survey_of(stub, units=(UNIT,)).units(1) == [UNIT]
    assert survey.release == "20240117"
    assert survey_of(stub, release="DR20").release == "DR20"
    assert stub.queries() == []


def test_the_fields_are_found_with_a_query_each(stub) -> None:
    assert survey_of(stub).fields() == [FIELD]
    assert len(stub.queries("find")) == 2
