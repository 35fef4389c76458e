"""The split by star against the definition, written out with hashlib."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from scope.errors import ConfigError, InputError
from scope.models.training.splits import (
    SETS,
    kept_together,
    sky_blocks,
    split_by_star,
    star_folds,
    star_fraction,
)


def test_the_fraction_is_the_first_53_bits_of_the_hash() -> None:
    bits = bin(int(hashlib.sha256(b"scope split 1:star 7").hexdigest(), 16))[2:].zfill(256)[:53]
    assert star_fraction("star 7") == int(bits, 2) / 2**53


def test_all_rows_of_a_star_are_in_one_set_whoever_else_is_there() -> None:
    stars = [f"s{i}" for i in range(500)]
    alone = dict(zip(stars, split_by_star(stars), strict=True))
    together = split_by_star([*reversed(stars), *stars])
    assert [alone[star] for star in [*reversed(stars), *stars]] == together.tolist()


def test_a_number_and_its_text_are_one_star() -> None:
    numbers = np.arange(100)
    assert split_by_star(numbers).tolist() == split_by_star(map(str, numbers)).tolist()


def test_the_sets_have_81_9_and_10_per_cent_of_the_stars() -> None:
    sets = split_by_star(range(20000))
    parts = np.bincount(sets, minlength=3) / len(sets)
    # three standard deviations of a binomial with 20000 draws are below 0.009
    np.testing.assert_allclose(parts, [0.81, 0.09, 0.10], atol=0.009)
    assert SETS == ("train", "val", "test")


@pytest.mark.parametrize("part", [-0.1, 1.0])
def test_an_impossible_part_is_refused(part: float) -> None:
    with pytest.raises(ConfigError, match="test_size"):
        split_by_star([1], test_size=part)


def test_folds_are_made_of_whole_stars_and_cover_all_rows() -> None:
    stars = np.repeat(np.arange(200), 3)
    folds = star_folds(stars, 5)
    left_out = np.sort(np.concatenate([test for _, test in folds]))
    assert left_out.tolist() == list(range(600))
    for train, test in folds:
        assert len(train) + len(test) == 600
        assert not set(stars[train]) & set(stars[test])


def test_a_fold_without_a_star_is_refused() -> None:
    with pytest.raises(InputError, match=r"too few stars.*2"):
        star_folds(np.array([3, 3, 4]), 5)


def test_one_fold_is_refused() -> None:
    with pytest.raises(ConfigError, match="2 or more"):
        star_folds(np.arange(3), 1)


def test_blocks_of_the_sky_are_as_large_as_asked_for() -> None:
    """Expected: the area of the sphere, 41,253 square degrees, and angles on it."""
    rng = np.random.default_rng(1)
    ra, dec = rng.uniform(0, 360, 200_000), np.degrees(np.arcsin(rng.uniform(-1, 1, 200_000)))
    blocks = np.array(sky_blocks(ra, dec, 10.0))
    names, counts = np.unique(blocks, return_counts=True)
    assert len(names) == pytest.approx(41_253 / 100, rel=0.03)
    assert counts.mean() == pytest.approx(200_000 / 412.53, rel=0.03)
    # those of 10 by 10 degrees; blocks at a pole are triangles
    assert np.all(np.abs(counts / counts.mean() - 1) < 0.5)
    for name in names[:40]:
        here = blocks == name
        assert np.ptp(dec[here]) <= 10.0
        assert np.ptp(ra[here]) * np.cos(np.radians(np.abs(dec[here]).max())) <= 10.5


def test_places_at_the_edges_of_the_sky_have_a_block_and_unknown_ones_have_none() -> None:
    ra = np.array([0.0, 359.999999, 360.0, 123.0, 7.0, np.nan, 5.0])
    dec = np.array([0.1, 0.1, 0.1, 90.0, 90.0, 1.0, np.nan])
    blocks = sky_blocks(ra, dec, 1.0)
    assert blocks[0] == blocks[2] != blocks[1]
    assert all(name is not None and name.startswith("sky 1 179 ") for name in blocks[3:5])
    assert blocks[5:] == [None, None]
    assert sky_blocks(np.array([-1.0]), np.array([0.1]), 1.0) == blocks[1:2]
    assert len(set(sky_blocks(np.array([3.0, 200.0]), np.array([-80.0, 80.0]), 90.0))) == 2


def test_a_star_on_an_edge_is_in_one_block_whatever_the_order_of_its_rows() -> None:
    stars, rows = np.array(["a", "b", "c"]), np.array([0, 0, 1, 2])
    blocks = ["sky 2", "sky 1", "sky 1", None]
    assert kept_together(stars, rows, blocks) == ["sky 1", "sky 1", "c"]
    assert kept_together(stars, rows[::-1], blocks[::-1]) == ["sky 1", "sky 1", "c"]
