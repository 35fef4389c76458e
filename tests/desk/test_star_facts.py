"""What the page of a star says, against other ways to the same numbers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from scope.desk.desk import Desk
from scope.desk.export_selection import export_rows
from scope.desk.star_facts import light_curves, provenance, star_facts
from scope.desk.star_features import features_of, neighbours
from scope.desk.star_periodogram import periodogram
from scope.desk.table import Question
from scope.desk.why import reasons_of
from scope.errors import BundleError, InputError, NotFoundError
from scope.io import read_table, write_table
from scope.lightcurves import LightCurves
from scope.lightcurves.cleaning import CleaningOptions, clean_rows, point_reasons
from scope.periods import PeriodOptions
from tests.desk.fields import invented, scored


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk.open(invented(tmp_path_factory.mktemp("desk")))


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    results, models = scored(tmp_path_factory.mktemp("desk"))
    return Desk.open(results, models=models)


def good_id(desk: Desk) -> str:
    found = desk.table.ask("SELECT _id FROM stars WHERE reason IS NULL ORDER BY _id LIMIT 1")
    return str(found["_id"][0].as_py())


def test_a_page_has_the_light_curves_within_the_radius(field: Desk) -> None:
    row = field.table.find("field_250", int(good_id(field)))
    assert row is not None
    (one,) = light_curves(field, "field_250", row)
    assert one["_id"] == row["_id"]
    near = {**row, "ra": row["ra"] + 1.4 / 3600 / np.cos(np.radians(row["dec"]))}
    far = {**row, "ra": row["ra"] + 1.6 / 3600 / np.cos(np.radians(row["dec"]))}
    assert [len(light_curves(field, "field_250", each)) for each in (near, far)] == [1, 0]


def test_a_star_of_several_light_curves_is_one_row(tmp_path: Path) -> None:
    results = invented(tmp_path, 60)
    catalog = read_table(results / "catalog" / "field_250.parquet")
    good = [i for i, reason in enumerate(catalog["reason"].to_pylist()) if reason is None]
    ids = [catalog["_id"][i].as_py() for i in good]
    stars = pa.table(
        {
            "star_id": pa.array([ids[0], ids[3]]),
            "light_curves": pa.array([ids[:3], ids[3:4]], pa.list_(pa.int64())),
            "ra": [10.0, 11.0],
            "dec": [0.0, 0.0],
            "rrab_p": pa.array([0.9, None], pa.float32()),
            "rrab_set": pa.array([1, None], pa.int8()),
        }
    )
    write_table(stars, results / "stars" / "field_250.parquet", {})
    desk = Desk.open(results)
    assert desk.table.total == 2
    facts = star_facts(desk, "field_250", str(ids[0]))
    assert [one["_id"] for one in facts["curves"]] == ids[:3]
    (one,) = facts["classes"]
    assert (one["tag"], one["set"]) == ("rrab", "in")
    assert one["p"] == pytest.approx(0.9)
    found = b"".join(export_rows(desk.table, Question(), [], "ids")).decode().split()
    assert [int(text) for text in found[1:]] == ids[:4]


@pytest.mark.parametrize("text", ["0", "../../etc/passwd", "1 OR 1=1", "", "9" * 40, "-1", "٣"])
def test_a_star_that_there_is_not_is_told(field: Desk, text: str) -> None:
    with pytest.raises(NotFoundError, match="no such star"):
        star_facts(field, "field_250", text)
    with pytest.raises(NotFoundError, match="no such star"):
        star_facts(field, "../field_250", good_id(field))


def test_the_points_are_those_of_the_file(field: Desk) -> None:
    number = int(good_id(field))
    row = field.table.find("field_250", number)
    assert row is not None
    (one,) = field.curves.read("field_250", [row])
    files = sorted((field.targets["field_250"].results / "lightcurves").rglob("*.parquet"))
    lists = {
        i: mag
        for path in files
        for i, mag in zip(
            read_table(path)["_id"].to_pylist(), read_table(path)["mag"].to_pylist(), strict=True
        )
    }
    assert np.allclose(one["mag"], lists[number], atol=1e-5)
    assert set(one["reason"]) == {None}


def test_each_point_that_is_not_used_has_the_reason_that_cleaning_counts() -> None:
    rng = np.random.default_rng(2)
    n = 600
    time = np.concatenate([np.sort(rng.uniform(58000, 58060, n)) for _ in range(2)])
    mag = rng.normal(17, 0.1, 2 * n)
    mag[[3, 700]], time[10] = [np.nan, 99.0], np.nan
    error = rng.uniform(0.01, 0.02, 2 * n)
    error[20] = 0.0
    flags = (rng.random(2 * n) < 0.1).astype(np.int32)
    curves = LightCurves(
        np.array([1, 2]), np.array([0, n, 2 * n]), time, mag, error, catflags=flags
    )
    options = CleaningOptions(max_timestamp_hjd=2400000.5 + 58050)
    reasons = point_reasons(curves, options)
    cleaned = clean_rows(curves, options)
    assert Counter(r for r in reasons if r is not None) == cleaned.left_out.points
    kept = np.array([reason is None for reason in reasons])
    assert np.array_equal(time[kept], cleaned.lightcurves.time)
    assert {"flagged", "too_close", "after_cut", "missing"} <= set(reasons[~kept])


def curve(time: np.ndarray, mag: np.ndarray) -> dict[str, list[object]]:
    error = np.full(len(time), 0.02)
    return {
        "time": time.tolist(),
        "mag": mag.tolist(),
        "error": error.tolist(),
        "reason": [None] * len(time),
    }


def test_the_highest_peak_is_the_period_put_in() -> None:
    rng = np.random.default_rng(4)
    period, curves = 0.61803, []
    for shift in (0.0, 0.7):
        time = np.sort(rng.uniform(58000, 58400, 150))
        wave = 0.3 * np.sin(2 * np.pi * (time / period + shift))
        curves.append(curve(time, 17 + wave + 0.02 * rng.standard_normal(150)))
    options = PeriodOptions(max_freq=10.0)
    for chosen in ([curves[0]], curves):
        found = periodogram(chosen, options)
        assert found["peaks"][0]["period"] == pytest.approx(period, rel=1e-4)
        # 0.3 mag of 0.02 mag noise: a sine wave explains all but (0.02 / 0.3)^2 * 2 of it.
        assert found["peaks"][0]["power"] == pytest.approx(1 - 2 * (0.02 / 0.3) ** 2, abs=0.01)
        assert max(found["power"]) <= 1.0
        assert found["period"] == sorted(found["period"])
    with pytest.raises(InputError, match="too few points"):
        periodogram([curve(np.array([1.0, 2.0]), np.array([1.0, 2.0]))], options)


def test_the_power_is_that_of_astropy_at_the_peak() -> None:
    from astropy.timeseries import LombScargle

    rng = np.random.default_rng(5)
    time = np.sort(rng.uniform(58000, 58300, 80))
    mag = 15 + rng.normal(size=80) + np.sin(time)
    (peak, *_) = periodogram([curve(time, mag)], PeriodOptions(max_freq=5.0))["peaks"]
    direct = LombScargle(time, mag, 0.02).power(1 / peak["period"], method="chi2")
    assert peak["power"] == pytest.approx(float(direct), abs=1e-6)


@pytest.mark.parametrize("tag", ["low", "red"])
def test_what_features_add_makes_the_score(trees: Desk, tag: str) -> None:
    for number in (1000, 1001, 1234):
        row = trees.table.find("field_1", number)
        assert row is not None
        found = reasons_of(trees, "field_1", str(number), tag)
        # The score of the catalogue was computed by the trees' own prediction.
        assert found["score"] == pytest.approx(row[f"{tag}_xgb"], abs=1e-5)
        added = found["bias"] + found["rest"] + sum(one["share"] for one in found["rows"])
        assert added == pytest.approx(found["log_odds"], abs=1e-5)
        assert found["rows"][0]["name"] in (
            {"period_LS", "curve_0"} if tag == "low" else {"mag_1", "mag_2"}
        )


def test_other_models_than_those_of_the_catalogue_explain_nothing(trees: Desk) -> None:
    with pytest.raises(BundleError, match="without this class"):
        reasons_of(trees, "field_1", "1000", "../low")
    other = Desk(trees.targets, trees.table, trees.curves, trees.config, Path("nowhere"))
    with pytest.raises(BundleError):
        reasons_of(other, "field_1", "1000", "low")


def test_neighbours_are_the_nearest_in_the_scaled_features(trees: Desk) -> None:
    path = trees.targets["field_1"].results / "gathered" / "abc" / "field_1.parquet"
    frame = read_table(path).to_pandas().set_index("_id")
    names = ["curve_0", "curve_1", "curve_2", "curve_3", "period_LS"]
    names += ["mag_1", "mag_2", "mag_1_error", "n_alerts"]
    away = np.sqrt(((frame[names] - frame.loc[1000, names]) ** 2).sum(axis=1))
    expected = away.drop(1000).nsmallest(12)
    found = neighbours(trees, "field_1", "1000")
    assert [int(one["id"]) for one in found["rows"]] == expected.index.tolist()
    assert [one["distance"] for one in found["rows"]] == pytest.approx(expected, abs=1e-3)


def test_features_stand_beside_those_of_the_class(field: Desk) -> None:
    found = features_of(field, "field_250", good_id(field), "rrab")
    by_name = {one["name"]: one for one in found["features"]}
    assert {"median", "i90r", "skew"} <= set(by_name)
    frame = field.table.page(
        Question("rrab_xgb > .7"),
        ["amplitude"],
        limit=1000,
    ).to_pandas()
    expected = frame["amplitude"].dropna().quantile([0.05, 0.5, 0.95])
    members = by_name["i90r"]["members"]
    assert [members[0], members[2], members[4]] == pytest.approx(expected.tolist(), rel=1e-5)
    assert found["n_members"] == len(frame)


def test_provenance_is_told_in_words() -> None:
    text = " ".join(
        provenance(
            {
                "pipeline_version": "0.1.0",
                "data_release": "DR16",
                "bundle": {"xgb": {"group": "starter", "sha256": "ab" * 32}},
                "stages": {"catalog": 4},
                "field_check": {"passed": False, "failed": ["vnv"]},
            }
        )
    )
    for part in ("version 0.1.0", "DR16", "“starter” (abababababab)", "catalog 4", "vnv"):
        assert part in text
