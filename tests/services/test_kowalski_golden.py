"""The stub of Kowalski against exchanges recorded from the real server."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import requests

from tests.services.kowalski_stub import StubKowalski
from tests.services.kowalski_stub.documents import (
    coordinates,
    kowalski_id,
    public_documents,
    source_documents,
)

BULK = "light_curves/ztf_dr5_bulk/ztf_000250_zg_c01_q1_dr5.parquet"
SOURCES, PUBLIC = "ZTF_sources_20210401", "ZTF_public_sources_20210401"

COMPUTED = {
    "find by _id",
    "find public by _id",
    "find $in mixed",
    "find array any-element",
    "find array any-element 2",
    "find field/ccd/quad page 1",
    "find page 2",
    "find past end",
    "find limit 0",
    "find $or/$and/$not/$exists/$regex",
    "find_one miss",
    "find unknown collection",
    "count unknown",
    "cone ra=0 wrap",
    "cone with filter",
    "near",
    "near min_distance",
    "near default 1 arcmin",
    "count",
    "count zero",
    "estimated",
    "agg project/sort/limit",
    "info catalog_names",
    "features NaN",
    "classifications",
    "str filter",
    "auth ok",
}
"""Exchanges whose whole answer follows from data that we have."""

UNSORTED = {"find $in mixed", "find limit 0", "cone with filter"}


def features(folder: Path) -> Iterator[dict[str, Any]]:
    """The features that the real server held: files of SCoPe, one search of three."""
    with h5py.File(folder / "features_331_2_3_7.h5") as file:
        statistics, periods = file["stats"][:], file["stats_EAOV"][:]
    names = ["period", "significance", "pdot", "f1_power", "f1_BIC", "f1_a", "f1_b"]
    names += ["f1_amp", "f1_phi0"]
    names += [f"f1_{kind}{n}" for n in range(1, 5) for kind in ("relamp", "relphi")]
    for stats, values in zip(statistics, periods, strict=True):
        found = dict(zip(names, values[1:].tolist(), strict=True))
        place = {"ra": stats[1], "dec": stats[2], "coordinates": coordinates(stats[1], stats[2])}
        yield {"_id": int(stats[0]), **place, **found, "dmdt": None}


def classifications(folder: Path) -> Iterator[dict[str, Any]]:
    with h5py.File(folder / "487_12_1_17.h5") as file:
        for number, score in file["preds"][:]:
            yield {"_id": int(number), "e_xgb": float(score)}


def other_collections() -> dict[str, list[dict[str, Any]]]:
    """A document each of what we have no data for, with the keys that they have."""
    place = coordinates(41.418724060058594, -26.23607635498047)
    galactic = {"l": 1.5, "b": 2.5, "geocentricmeanecliptic": {"lambda": 3.5, "beta": 4.5}}
    alert = {
        "objectId": "ZTF20aaelulu",
        "candid": 1105522281015015000,
        "candidate": {"jd": 2458860.02, "magpsf": 14.9, "drb": 0.95},
        "classifications": {"braai": 0.5, "braai_version": "synthetic-from-drb"},
        "coordinates": {**place, **galactic},
        "cutoutScience": {"fileName": "a.fits.gz", "stampData": b"\x1f\x8b"},
    }
    import bson

    alerts = [{"_id": bson.ObjectId(), **alert}, {"_id": bson.ObjectId(), **alert}]
    aux = [{"_id": "ZTF20aaelulu", "prv_candidates": [{}] * 12}]
    gaia = [{"_id": "1750707700000017", "parallax": 0.018, "coordinates": place}]
    exposure = [{"_id": 10245362056648128, "pcolor": b"g-R", "obsmjd": 58320.48}]
    return {
        "ZTF_alerts": alerts,
        "ZTF_alerts_aux": aux,
        "Gaia_EDR3": gaia,
        "AllWISE": [],
        "PS1_DR1": [],
        "ZTF_exposures_20240117": exposure,
        "ZTF_sources_20240117": [],
    }


@pytest.fixture(scope="module")
def exchanges(real_data: Path) -> list[dict[str, Any]]:
    lines = (real_data / "services" / "kowalski_golden.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def stub(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StubKowalski]:
    folder = tmp_path_factory.mktemp("archive")
    shutil.copy(real_data / BULK, folder)
    tables = real_data / "tables" / "scope_predictions"
    collections = {
        SOURCES: source_documents(folder, release_ids=True, decimals=3),
        PUBLIC: public_documents(real_data / BULK),
        "ZTF_source_features_DR16": features(tables),
        "ZTF_source_classifications_DR16": classifications(tables),
        **other_collections(),
    }
    with StubKowalski(collections, shuffled=False) as server:
        yield server


def headers_of(label: str, stub: StubKowalski) -> dict[str, str]:
    """The recorded exchanges leave out who asked; their names tell."""
    if label.startswith("auth") or label.endswith("no auth") or label == "wrong method":
        return {}
    if "bad token" in label:
        return {"Authorization": "garbage"}
    token = stub.token("joe" if "joe" in label or "non-admin" in label else "admin")
    return {"Authorization": f"Bearer {token}" if "bearer" in label else token}


def send(stub: StubKowalski, exchange: dict[str, Any]) -> requests.Response:
    request = exchange["request"]
    if exchange["label"] == "too large":
        ids = [10**14 + number for number in range(66_235)]
        text = json.dumps(
            {"query_type": "find", "query": {"catalog": "x", "filter": {"_id": {"$in": ids}}}},
            separators=(",", ":"),
        )
        request = text
    text = request if isinstance(request, str) else json.dumps(request)
    with requests.Session() as session:
        session.trust_env = False
        return session.request(
            exchange["method"],
            f"http://127.0.0.1:{stub.port}{exchange['path']}",
            data=None if request is None else text,
            headers={**headers_of(exchange["label"], stub), "Content-Type": "application/json"},
            timeout=30,
        )


def assert_alike(expected: Any, found: Any, place: str = "answer") -> None:
    """Check keys and types, of lists those of the first item."""
    assert type(found) is type(expected), place
    if isinstance(expected, dict):
        assert set(found) == set(expected), place
        for name in expected:
            assert_alike(expected[name], found[name], f"{place}.{name}")
    elif isinstance(expected, list) and expected and found:
        assert_alike(expected[0], found[0], f"{place}[0]")


def unordered(value: Any) -> Any:
    if isinstance(value, list):
        return sorted((json.dumps(item, sort_keys=True) for item in value), key=str)
    if isinstance(value, dict):
        return {name: unordered(part) for name, part in value.items()}
    return value


def rounded(value: Any) -> Any:
    """Nine digits: what the recorded server and numpy's rounding have in common."""
    return json.loads(json.dumps(value), parse_float=lambda text: float(f"{float(text):.9g}"))


def test_every_recorded_request_gets_the_recorded_status_keys_and_types(stub, exchanges) -> None:
    assert len(exchanges) == 73
    for exchange in exchanges:
        answer = send(stub, exchange)
        label = exchange["label"]
        assert answer.status_code == exchange["status"], label
        assert answer.headers["Content-Type"] == exchange["ctype"], label
        if exchange["truncated"]:
            assert answer.text.startswith(exchange["response"][:60]), label
        elif exchange["ctype"].startswith("text/"):
            if label != "too large":
                assert answer.text == exchange["response"], label
        else:
            assert_alike(json.loads(exchange["response"]), answer.json(), label)


def test_errors_have_the_recorded_words(stub, exchanges) -> None:
    failures = [one for one in exchanges if one["status"] >= 400 and "json" in one["ctype"]]
    assert len(failures) > 20
    for exchange in failures:
        assert send(stub, exchange).json() == json.loads(exchange["response"]), exchange["label"]


def test_answers_that_follow_from_our_data_have_the_recorded_values(stub, exchanges) -> None:
    checked = 0
    for exchange in exchanges:
        if exchange["label"] not in COMPUTED:
            continue
        expected = rounded(json.loads(exchange["response"]))
        found = rounded(send(stub, exchange).json())
        if exchange["label"] in UNSORTED:
            expected, found = unordered(expected), unordered(found)
        if exchange["label"] == "auth ok":
            expected["token"] = found["token"]
        assert found == expected, exchange["label"]
        checked += 1
    assert checked == len(COMPUTED)


def test_sources_around_a_place_are_the_recorded_ones(stub, exchanges) -> None:
    cones = [one for one in exchanges if one["label"] in ("cone 2arcsec", "cone 1arcmin")]
    assert len(cones) == 2
    for exchange in cones:
        expected = json.loads(exchange["response"])["data"][SOURCES]
        assert unordered(send(stub, exchange).json()["data"][SOURCES]) == unordered(expected)


def test_ids_of_light_curves_follow_the_scheme_of_the_database() -> None:
    # the id of SCoPe's demonstration file: field 296, readout channel 58, filter r
    assert kowalski_id(296 * 10**12 + 2 * 10**11 + 15 * 10**9 + 3 * 10**8 + 9946, 58) == (
        10296582009946
    )


def test_the_recorded_light_curve_is_that_of_the_public_file(stub, exchanges) -> None:
    exchange = next(one for one in exchanges if one["label"] == "find by _id")
    data = json.loads(exchange["response"])["data"][0]["data"]
    found = send(stub, exchange).json()["data"][0]["data"]
    for name in ("hjd", "mag", "magerr", "catflags"):
        np.testing.assert_allclose(
            [point[name] for point in found], [point[name] for point in data], rtol=0, atol=1e-9
        )
