"""Light curves for Fritz: from an archive and from Kowalski, in requests, in pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scope.errors import NotFoundError
from scope.fritz.photometry import (
    LightCurveSource,
    Photometry,
    find_instrument,
    photometry_requests,
    plot_photometry,
    put_photometry,
)
from scope.surveys.archive import Archive
from tests.services.fritz_sky import GROUP, client_of
from tests.services.kowalski_stub import StubKowalski
from tests.services.kowalski_stub.documents import collections_of
from tests.surveys.kowalski_sky import survey_of


def points(size: int) -> Photometry:
    mjd = 59000.0 + np.arange(size) / 100.0
    return Photometry(
        mjd, 18.0 + np.sin(mjd), np.full(size, 0.05), np.arange(size) % 3 + 1, 10.0, 20.0
    )


def test_an_archive_and_kowalski_give_the_same_points(sky: Path, stars) -> None:
    place = (stars[0]["objra"], stars[0]["objdec"], 2.0)
    local = LightCurveSource(lambda: Archive(sky)).around(*place)
    with StubKowalski(collections_of(sky)) as server:
        remote = LightCurveSource(lambda: survey_of(server)).around(*place)
    assert len(local) > 100
    np.testing.assert_array_equal(local.filter, remote.filter)
    np.testing.assert_allclose(local.mjd, remote.mjd, rtol=0, atol=1e-4)
    np.testing.assert_allclose(local.mag, remote.mag, rtol=0, atol=1e-4)
    assert (np.diff(local.mjd) >= 0).all()


def test_requests_have_ten_thousand_points_at_most(stub, tmp_path: Path) -> None:
    parts = list(photometry_requests("a", points(10_001), 1, [4]))
    assert [len(part["mjd"]) for part in parts] == [10_000, 1]
    assert parts[0]["filter"][:3] == ["ztfg", "ztfr", "ztfi"]
    assert {len(value) for value in parts[1].values() if isinstance(value, list)} == {1}
    stub.call("POST", "/api/sources", {"id": "a", "ra": 10.0, "dec": 20.0, "group_ids": [GROUP]})
    client = client_of(stub, tmp_path)
    for _ in range(2):
        assert put_photometry(client, "a", points(30), find_instrument(client, "ZTF"), [4]) == 30
    # sent twice, there once
    stored = stub.call("GET", "/api/sources/a/photometry")
    np.testing.assert_allclose([point["mag"] for point in stored], points(30).mag, atol=1e-9)
    with pytest.raises(NotFoundError, match="no such instrument on Fritz: 'DECam'"):
        find_instrument(client, "DECam")


def test_the_same_points_make_the_same_picture(tmp_path: Path) -> None:
    pictures = [
        plot_photometry(points(60), "title", tmp_path / name, period=0.7).read_bytes()
        for name in ("a.png", "b.png")
    ]
    assert pictures[0] == pictures[1]
    assert pictures[0].startswith(b"\x89PNG")
