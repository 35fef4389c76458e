"""Surveys that only the configuration describes, in the layouts of three real ones."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy import units as u
from astropy.time import Time

from scope.bands import BAND_NUMBERS
from scope.config import load_config
from scope.errors import ConfigError, DuplicateIdError, InputError, NotFoundError, ScopeError
from scope.surveys.base import Survey
from scope.surveys.open import configured_survey, survey_settings
from scope.surveys.registry import MODULES
from scope.targets.plan import Plan
from tests.surveys.described import (
    FLAT,
    LABELLED,
    RUBIN,
    RUBIN_BANDS,
    curve,
    write_flat,
    write_labelled,
    write_rubin,
)


def described(description: dict[str, Any], folder: Path, **changes: Any) -> dict[str, Any]:
    return {"survey": "it", "surveys": {"it": {**description, "folder": str(folder), **changes}}}


def opened(description: dict[str, Any], folder: Path, **changes: Any) -> Survey:
    return configured_survey(load_config(overrides=described(description, folder, **changes)))


def test_a_nested_survey_in_nanojansky_and_tai_becomes_magnitudes_and_heliocentric_dates(
    tmp_path: Path,
) -> None:
    survey = opened(RUBIN, write_rubin(tmp_path / "rubin"))
    assert survey.fields() == []
    assert survey.units(0) == ["part_000"]
    sources = survey.sources(0, "part_000")
    assert sources.num_rows == 3 * 6
    assert sources.column("_id").to_pylist() == sorted(sources.column("_id").to_pylist())
    # 8 id + number of the band, which g, r and i share with the Zwicky Transient Facility
    numbers = {name: BAND_NUMBERS[name] for name in RUBIN_BANDS}
    assert [numbers[name] for name in "gri"] == [1, 2, 3]
    wanted = {8 * (600000000000000000 + n) + b for n in range(3) for b in numbers.values()}
    assert set(sources.column("_id").to_pylist()) == wanted
    assert set(sources.column("filter").to_pylist()) == set(numbers.values())
    assert set(sources.column("n_listed").to_pylist()) == {60}
    assert sources.column("obj_id").to_pylist()[0] == "600000000000000000"

    identity = 8 * (600000000000000000 + 1) + numbers["z"]
    (curves,) = [survey.lightcurves(np.array([identity]))]
    time, mag, error = curve(1, RUBIN_BANDS.index("z"), 60)
    # 1 nJy is 31.4 mag (31.400064 with a zero of 3631 Jy)
    assert np.isnan(curves.mag[0])
    np.testing.assert_allclose(curves.mag[1:], mag[1:], atol=1e-9)
    np.testing.assert_allclose(curves.magerr[1:], error[1:], rtol=1e-9)
    assert curves.catflags is not None
    assert np.flatnonzero(curves.catflags).tolist() == [1]
    utc = Time(time, format="mjd", scale="tai").utc.mjd
    # the Sun is 499 s away, and TAI is 37 s ahead: neither is left undone
    assert np.abs(curves.time - utc).max() < 500 / 86400
    assert np.abs(curves.time - utc).max() > 100 / 86400
    flux = (mag[1:] * u.ABmag).to_value(u.nJy)
    assert flux.min() > 0


def test_a_flat_survey_in_csv_has_names_and_leaves_out_what_it_is_told_to(tmp_path: Path) -> None:
    survey = opened(FLAT, write_flat(tmp_path / "flat"))
    sources = survey.sources(0, "part_000")
    assert sources.num_rows == 2 * 2
    rows = {(row["obj_id"], row["filter"]): row for row in sources.to_pylist()}
    assert set(rows) == {
        (f"ASASSN-V J{n}", BAND_NUMBERS[band]) for n in range(2) for band in ("V", "g")
    }
    row = rows["ASASSN-V J1", BAND_NUMBERS["V"]]
    # 63 bits of the SHA-256 of name and band
    digest = hashlib.sha256(f"ASASSN-V J1/{BAND_NUMBERS['V']}".encode()).digest()
    assert row["_id"] == int.from_bytes(digest[:8], "big") >> 1
    assert (row["ra"], row["dec"], row["n_listed"]) == (200.01, -10.5, 60)
    curves = survey.lightcurves(np.array([row["_id"]]))
    time, mag, _ = curve(1, 0, 60)
    np.testing.assert_allclose(curves.time, time, atol=1e-6)
    np.testing.assert_allclose(curves.mag, mag, atol=6e-5)


def test_light_curves_of_the_labelled_layout_are_those_that_were_written(tmp_path: Path) -> None:
    survey = opened(LABELLED, write_labelled(tmp_path / "set"))
    (curves,) = list(survey.iter_lightcurves(0, "part_000"))
    assert curves.ids.tolist() == sorted(7 * star + band for star in range(2) for band in (1, 2, 3))
    assert curves.mag.dtype == np.float32
    time, mag, error = curve(1, 2, 60)
    one = curves[int(np.searchsorted(curves.ids, 9)) :][:1]
    assert one.time.tobytes() == time.tobytes()
    assert one.mag.tobytes() == mag.astype(np.float32).tobytes()
    assert one.magerr.tobytes() == error.astype(np.float32).tobytes()


def test_a_real_labelled_set_is_a_survey_by_its_description_alone(real_data: Path) -> None:
    folder = real_data / "light_curves" / "s82_rrlyr"
    survey = opened(LABELLED, folder)
    table = pq.read_table(folder / "lightcurves.parquet").sort_by("objectid")
    sources = survey.sources(0, "part_000")
    assert sources.column("_id").to_pylist() == table.column("objectid").to_pylist()
    assert sources.column("filter").to_pylist() == table.column("filterid").to_pylist()
    assert sources.column("n_listed").to_pylist() == table.column("nepochs").to_pylist()
    (first, *_) = list(survey.iter_lightcurves(0, "part_000", rows=1))
    assert first.mag.tolist() == table.column("mag")[0].as_py()
    assert first.time.tolist() == table.column("hmjd")[0].as_py()


@pytest.mark.parametrize(
    ("write", "description"), [(write_rubin, RUBIN), (write_flat, FLAT), (write_labelled, LABELLED)]
)
def test_light_curves_are_found_by_id_and_by_position(
    tmp_path: Path, write: Any, description: dict[str, Any]
) -> None:
    survey = opened(description, write(tmp_path / "it"))
    sources = survey.sources(0, "part_000")
    ids = sources.column("_id").to_numpy()[::-2]
    assert set(survey.sources_by_id(ids).column("_id").to_pylist()) == set(ids.tolist())
    whole = {int(i): c for c in survey.iter_lightcurves(0, "part_000", 1) for i in c.ids}
    for number, one in enumerate(survey.lightcurves(ids).batches(1)):
        assert one.mag.tobytes() == whole[int(ids[number])].mag.tobytes()
    place = sources.slice(0, 1)
    near = survey.cone(place.column("ra").to_numpy(), place.column("dec").to_numpy(), 1.0)
    same = {
        row["_id"] for row in sources.to_pylist() if row["obj_id"] == place.to_pylist()[0]["obj_id"]
    }
    assert place.column("_id")[0].as_py() in near.column("_id").to_pylist()
    if description is not LABELLED:
        assert set(near.column("_id").to_pylist()) == same
    assert survey.lightcurves(np.array([4])).n_epochs.tolist() == [0]


def test_points_do_not_depend_on_the_layout_that_they_are_in(tmp_path: Path) -> None:
    write_rubin(tmp_path / "a")
    nested = pq.read_table(tmp_path / "a" / "tract_0.parquet")
    flat = [
        {"objectId": row["objectId"], "coord_ra": row["coord_ra"], "coord_dec": row["coord_dec"]}
        | point
        for row in nested.to_pylist()
        for point in row["lightcurve"]
    ]
    (tmp_path / "b").mkdir()
    pq.write_table(pa.Table.from_pylist(flat), tmp_path / "b" / "x.parquet")
    (tmp_path / "c").mkdir()
    of_lists = [
        {name: row[name] for name in ("objectId", "coord_ra", "coord_dec")}
        | {
            "lightcurve": {
                name: [point[name] for point in row["lightcurve"]] for name in row["lightcurve"][0]
            }
        }
        for row in nested.to_pylist()
    ]
    pq.write_table(pa.Table.from_pylist(of_lists), tmp_path / "c" / "x.parquet")
    surveys = [
        opened(RUBIN, tmp_path / "a"),
        opened(RUBIN, tmp_path / "b", layout="flat", points=None),
        opened(RUBIN, tmp_path / "c"),
    ]
    tables = [survey.sources(0, "part_000") for survey in surveys]
    curves = [next(survey.iter_lightcurves(0, "part_000")) for survey in surveys]
    for table, one in zip(tables[1:], curves[1:], strict=True):
        assert table.equals(tables[0])
        for name in ("ids", "offsets", "time", "mag", "magerr", "catflags"):
            assert getattr(one, name).tobytes() == getattr(curves[0], name).tobytes()


def test_a_light_curve_without_a_position_has_no_time_at_the_sun(tmp_path: Path) -> None:
    folder = write_rubin(tmp_path / "rubin", objects=2)
    path = folder / "tract_0.parquet"
    table = pq.read_table(path)
    table = table.set_column(1, "coord_ra", pa.array([None, 53.01], pa.float64()))
    table = table.set_column(2, "coord_dec", pa.array([None, -28.0], pa.float64()))
    pq.write_table(table, path)
    (curves,) = list(opened(RUBIN, folder).iter_lightcurves(0, "part_000"))
    assert curves.faults is not None
    assert curves.faults.tolist() == ["no_position"] * 6 + [None] * 6
    assert curves.n_epochs.tolist() == [0] * 6 + [60] * 6


def test_each_file_is_a_unit_and_the_whole_survey_a_target(tmp_path: Path) -> None:
    folder = write_rubin(tmp_path / "rubin", files=2)
    (folder / "crossmatch").mkdir()
    (folder / "crossmatch" / "Gaia_EDR3.parquet").write_bytes(b"")
    plan = Plan(load_config(overrides=described(RUBIN, folder)))
    assert plan.targets() == ["survey_it"]
    assert plan.units("survey_it") == ["part_000", "part_001"]
    assert plan.archive_inputs("survey_it", "part_001") == [str(folder / "tract_1.parquet")]
    assert plan.crossmatch_inputs("survey_it", "part_001") == [
        str(folder / "crossmatch" / "Gaia_EDR3.parquet")
    ]
    assert plan.is_selection("survey_it")
    assert not Plan(load_config(overrides=described(RUBIN, folder, complete=True))).is_selection(
        "survey_it"
    )
    with pytest.raises(NotFoundError, match=r"no fields.*survey_it"):
        plan.units("field_297")
    with pytest.raises(ConfigError, match=r"unknown survey: 'other'"):
        plan.units("survey_other")


def test_settings_of_a_survey_go_to_other_processes_as_they_are(tmp_path: Path) -> None:
    import pickle

    config = load_config(overrides=described(RUBIN, write_rubin(tmp_path / "rubin")))
    settings = survey_settings(config)
    again = pickle.loads(pickle.dumps(settings))
    assert again == settings
    assert again.open().units(0) == ["part_000"]


def test_built_in_surveys_keep_the_hash_of_their_settings(tmp_path: Path) -> None:
    # of the version before surveys could be described
    assert load_config().config_hash == load_config(overrides={"surveys": {}}).config_hash
    one = load_config(overrides=described(RUBIN, tmp_path))
    other = load_config(overrides=described(RUBIN, tmp_path, unit="uJy"))
    elsewhere = load_config(overrides=described(RUBIN, tmp_path / "moved"))
    assert one.config_hash != other.config_hash
    assert one.config_hash == elsewhere.config_hash


def test_a_module_of_its_own_is_a_survey_by_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_survey.py").write_text(
        "from scope.surveys.archive import ArchiveSettings\n"
        "class Mine:\n"
        "    is_remote = False\n"
        "    def is_configured(self, config): return True\n"
        "    def settings(self, config): return ArchiveSettings('somewhere', 'DR5')\n"
        "SURVEY = Mine()\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(MODULES, "mine", "my_survey")
    config = load_config(overrides={"survey": "mine"})
    assert survey_settings(config).folder == "somewhere"  # type: ignore[attr-defined]
    assert Plan(config).is_configured


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bands": {"g": "g"}}, r"band that is not known.*u.*null to leave"),
        ({"bands": {"u": "ultraviolet"}}, r"bands.*ultraviolet"),
        ({"columns": {**RUBIN["columns"], "time": "mjd"}}, r"lightcurve.*mjd"),
        ({"columns": {**RUBIN["columns"], "id": "objectid"}}, r"missing columns.*objectid"),
        ({"points": "lc"}, r"missing columns.*lc"),
        ({"points": None}, r"missing columns|holds no lists"),
        ({"ids": "light_curve"}, r"two bands: set ids: object"),
        ({"unit": "counts"}, r"zero point"),
        ({"zero_point": 27.5}, r"zero point"),
        ({"unit": "erg"}, r"unit"),
        ({"time": {"system": "gps"}}, r"system"),
        ({"default_band": "g"}, r"bands cannot be told"),
        ({"layout": "flat"}, r"flat survey with a column of points"),
        ({"files": "*.fits"}, r"no files of the survey 'it'"),
        ({"folder": "/nowhere"}, r"no folder of the survey 'it'"),
    ],
)
def test_what_does_not_fit_is_said_with_what_to_do(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    folder = write_rubin(tmp_path / "rubin", objects=1, epochs=3)
    with pytest.raises(ScopeError, match=message):
        next(
            opened(RUBIN, Path(changes.pop("folder", folder)), **changes).iter_lightcurves(
                0, "part_000"
            )
        )


def test_ids_that_cannot_be_kept_are_refused(tmp_path: Path) -> None:
    folder = write_rubin(tmp_path / "rubin", objects=1, epochs=3)
    path = folder / "tract_0.parquet"
    table = pq.read_table(path)
    for values, message in (
        (pa.array([2**60]), r"id that cannot be kept.*ids: name"),
        (pa.array([-1]), r"id that cannot be kept"),
        (pa.array([None], pa.int64()), r"without an id"),
        (pa.array([1.5]), r"objectId"),
    ):
        pq.write_table(table.set_column(0, "objectId", values), path)
        with pytest.raises(InputError, match=message):
            opened(RUBIN, folder).sources(0, "part_000")
    pq.write_table(table.set_column(0, "objectId", pa.array([2**60])), path)
    named = opened(RUBIN, folder, ids="name").sources(0, "part_000")
    assert set(named.column("obj_id").to_pylist()) == {str(2**60)}


def test_an_object_in_two_rows_of_a_nested_file_is_refused(tmp_path: Path) -> None:
    folder = write_rubin(tmp_path / "rubin", objects=1, epochs=3)
    path = folder / "tract_0.parquet"
    table = pq.read_table(path)
    pq.write_table(pa.concat_tables([table, table]), path)
    with pytest.raises(DuplicateIdError, match=r"stands twice.*rows 1 and 2"):
        opened(RUBIN, folder).sources(0, "part_000")


def test_a_file_without_rows_has_no_light_curves(tmp_path: Path) -> None:
    folder = write_rubin(tmp_path / "rubin", objects=1, epochs=3)
    path = folder / "tract_0.parquet"
    pq.write_table(pq.read_table(path).slice(0, 0), path)
    survey = opened(RUBIN, folder)
    assert survey.sources(0, "part_000").num_rows == 0
    assert list(survey.iter_lightcurves(0, "part_000")) == []
    for name, text in (("ids", "name"), ("ids", "light_curve")):
        assert opened(RUBIN, folder, **{name: text}).sources(0, "part_000").num_rows == 0
