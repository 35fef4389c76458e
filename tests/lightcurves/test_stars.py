"""Which light curves are of one star."""

from __future__ import annotations

import numpy as np

from scope.lightcurves.stars import group_stars

ARCSEC = 1.0 / 3600.0
NONE = -1


def groups(
    offsets: list[float],
    source: list[int] | None = None,
    series: list[int] | None = None,
    ra: float = 10.0,
) -> list[list[int]]:
    """Groups of positions on a meridian, at distances in arcsec, radius 1 arcsec."""
    n = len(offsets)
    found = group_stars(
        np.full(n, ra),
        40.0 + np.array(offsets) * ARCSEC,
        np.array(source or [NONE] * n),
        np.array(series or range(n)),
        1.0,
    )
    return [rows.tolist() for rows in found]


def test_close_positions_are_one_star_and_others_are_alone() -> None:
    assert groups([0.0, 100.0, 0.5, 200.0, 100.9]) == [[0, 2], [1, 4]]
    assert groups([0.0, 1.2]) == []


def test_neighbours_of_neighbours_belong_together() -> None:
    assert groups([0.0, 1.8, 0.9]) == [[0, 1, 2]]


def test_source_ids_decide_where_there_are_any() -> None:
    assert groups([0.0, 50.0, 0.1, 0.2], source=[7, 7, 8, NONE]) == [[0, 1]]


def test_two_light_curves_of_one_series_are_no_star() -> None:
    assert groups([0.0, 0.2, 0.4], series=[1, 2, 1]) == []
    assert groups([0.0, 0.2, 9.0, 9.1], series=[1, 1, 1, 2]) == [[2, 3]]


def test_right_ascension_wraps_and_unknown_positions_are_alone() -> None:
    ra = np.array([359.99999, 0.00001, np.nan, np.nan])
    found = group_stars(ra, np.zeros(4), np.full(4, NONE), np.arange(4), 1.0)
    assert [rows.tolist() for rows in found] == [[0, 1]]


def test_the_order_of_rows_does_not_matter() -> None:
    rng = np.random.default_rng(2)
    dec = 40.0 + np.cumsum(rng.choice([0.4, 5.0], 60)) * ARCSEC
    order = rng.permutation(60)
    plain = group_stars(np.full(60, 10.0), dec, np.full(60, NONE), np.arange(60), 1.0)
    mixed = group_stars(np.full(60, 10.0), dec[order], np.full(60, NONE), np.arange(60), 1.0)
    assert len(plain) > 5
    assert sorted(sorted(order[rows].tolist()) for rows in mixed) == [r.tolist() for r in plain]


def test_no_rows_are_no_stars() -> None:
    none = np.zeros(0)
    assert group_stars(none, none, none.astype(np.int64), none.astype(np.int64), 1.0) == []
