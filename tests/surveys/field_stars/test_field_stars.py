"""Quiet stars of a field: who is one, and what is made of it for training."""

from __future__ import annotations

import numpy as np
import pytest

from scope.errors import InputError
from scope.io import read_table
from scope.lightcurves import LightCurves
from scope.models.training.splits import split_by_star
from scope.surveys.field_stars import FieldStarOptions, half_agreement, is_quiet, sample_field_stars
from scope.surveys.field_stars import quiet as quiet_stars
from scope.surveys.open import open_archive
from scope.surveys.visibility import VISIBLE
from tests.quadrants import write_small_quadrant


@pytest.fixture(autouse=True)
def short_grid(monkeypatch):
    """A tenth of the frequencies: the signals here are slower."""
    monkeypatch.setattr(quiet_stars, "HIGHEST_FREQUENCY", 4.0)


def field(n: int, signal, seed: int = 1, epochs: int = 60) -> LightCurves:
    """Light curves of a cadence of nights, noise of 0.02 mag and a signal of time."""
    rng = np.random.default_rng(seed)
    nights = [np.sort(rng.choice(400, epochs, replace=False)) for _ in range(n)]
    time = np.concatenate([night + rng.uniform(0, 0.3, epochs) for night in nights])
    star = np.repeat(np.arange(n), epochs)
    mag = 17 + 0.02 * rng.standard_normal(len(time)) + signal(time, star)
    error = np.full(len(time), 0.02)
    return LightCurves(np.arange(n), np.arange(0, n * epochs + 1, epochs), time, mag, error)


def test_of_constant_stars_few_are_taken_for_variable():
    """By either of two signs at 2 %: at most about 4 %, here 6 of 150 with room for chance."""
    curves = field(150, lambda time, star: 0.0)
    assert np.mean(is_quiet(curves, 0.02)) >= 0.92


@pytest.mark.parametrize(
    "signal",
    [
        lambda time, star: 0.05 * np.sin(2 * np.pi * time / (0.3 + 0.01 * star)),
        lambda time, star: 0.1 * np.sin(2 * np.pi * time / 300 + star),
    ],
    ids=["periodic", "slow"],
)
def test_what_varies_in_both_halves_is_not_quiet(signal):
    varying = field(20, signal, seed=2)
    constant = field(100, lambda time, star: 0.0)
    both = LightCurves.concatenate([varying, constant])
    both = LightCurves(np.arange(len(both)), both.offsets, both.time, both.mag, both.magerr)
    quiet = is_quiet(both, 0.02)
    assert quiet[:20].sum() <= 1
    assert quiet[20:].mean() > 0.9


def test_a_light_curve_of_few_epochs_says_nothing_and_stays():
    curves = field(3, lambda time, star: 0.0, epochs=8)
    assert np.isnan(half_agreement(curves).period).all()
    assert is_quiet(curves, 0.02).all()


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fields")
    write_small_quadrant(folder, field=600, quad=1, seed=3)
    return open_archive(folder)


@pytest.fixture(scope="module")
def written(archive, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    options = FieldStarOptions(chance=0.3)
    assert sample_field_stars(archive, folder, options=options) >= 3
    return folder


@pytest.fixture(scope="module")
def as_they_are(archive, tmp_path_factory):
    folder = tmp_path_factory.mktemp("quiet")
    sample_field_stars(archive, folder, options=FieldStarOptions(chance=0.3, constant="quiet"))
    return folder


def rows_of(folder):
    curves = read_table(folder / "lightcurves.parquet").to_pylist()
    return list(zip(curves, read_table(folder / "truth.parquet").to_pylist(), strict=True))


def test_each_star_is_there_without_and_with_a_signal_on_the_same_epochs(written):
    rows = rows_of(written)
    for (quiet, plain), (other, line) in zip(rows[::2], rows[1::2], strict=True):
        assert plain["labels"] == ["non-variable"]
        assert "variable" in line["labels"]
        assert (plain["survey"], line["survey"]) == ("field", "simulation")
        # Epochs and errors tell nothing; only magnitudes differ.
        assert other["hmjd"] == quiet["hmjd"]
        assert sorted(other["magerr"]) == sorted(quiet["magerr"])
        assert other["mag"] != quiet["mag"]
        assert 12.4 < min(other["mag"]) <= max(other["mag"]) < 20.9


def test_the_star_that_does_not_vary_is_shuffled_or_as_the_survey_lists_it(
    archive, written, as_they_are
):
    for (mixed, _), (plain, _) in zip(
        rows_of(written)[::2], rows_of(as_they_are)[::2], strict=True
    ):
        assert sorted(mixed["mag"]) == sorted(plain["mag"])
        assert mixed["mag"] != plain["mag"]
        raw = archive.lightcurves(np.array([plain["objectid"]]))
        assert set(plain["mag"]) <= set(raw.mag.astype(float).tolist())
    # The star with a signal is made of the one as it is, either way.
    assert rows_of(written)[1::2] == rows_of(as_they_are)[1::2]


def test_a_signal_can_be_seen_in_the_noise_of_its_star(as_they_are):
    rows = rows_of(as_they_are)
    for (quiet, _), (other, _) in zip(rows[::2], rows[1::2], strict=True):
        signal = np.subtract(other["mag"], quiet["mag"])
        seen = np.sum(((signal - signal.mean()) / np.array(quiet["magerr"])) ** 2)
        assert seen > 0.999 * VISIBLE


def test_another_kind_of_constant_star_is_an_error():
    with pytest.raises(InputError, match="shuffled"):
        FieldStarOptions(constant="mean")


def test_both_and_all_bands_of_a_star_fall_on_one_side_of_every_split(written):
    lines = [line for _, line in rows_of(written)]
    sets = split_by_star([line["sourceid"] for line in lines], test_size=0.5)
    assert np.array_equal(sets[::2], sets[1::2])
    assert len({line["objectid"] for line in lines}) == len(lines)


def test_what_may_be_true_of_an_unlabelled_star_stays_unknown(written):
    for _, line in rows_of(written)[::2]:
        assert {"bogus", "AGN", "YSO"} <= set(line["unknown"])


def test_the_same_settings_give_the_same_bytes(archive, written, tmp_path):
    sample_field_stars(archive, tmp_path, options=FieldStarOptions(chance=0.3))
    for name in ("lightcurves.parquet", "truth.parquet"):
        assert (tmp_path / name).read_bytes() == (written / name).read_bytes()


def test_a_field_without_a_star_is_an_error(archive, tmp_path):
    with pytest.raises(InputError, match="without a star"):
        sample_field_stars(archive, tmp_path, options=FieldStarOptions(least_epochs=100_000))
