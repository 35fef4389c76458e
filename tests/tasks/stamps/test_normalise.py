"""The norm in units of the noise, against SciPy, and what it is for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import median_abs_deviation

from scope.errors import BundleError
from scope.tasks.stamps.cutouts import PAD
from scope.tasks.stamps.normalise import Normalisation, normalised, require_normalised

ASINH = Normalisation("asinh")


def sky(n=3, side=31, layers=2, seed=0):
    return np.random.default_rng(seed).normal(200, 7, (n, side, side, layers))


@pytest.mark.parametrize("side", [30, 31])
def test_each_layer_is_in_units_of_its_own_noise(side):
    stamps = sky(side=side)
    made = normalised(stamps, ASINH)
    for row in range(3):
        for layer in range(2):
            image = stamps[row, :, :, layer]
            noise = median_abs_deviation(image, axis=None, scale="normal")
            expected = np.arcsinh((image - np.median(image)) / noise)
            assert np.allclose(made[row, :, :, layer], expected, atol=1e-4)


def test_neither_units_nor_background_matter():
    stamps = sky()
    assert np.allclose(normalised(5.5 * stamps - 900, ASINH), normalised(stamps, ASINH), atol=1e-3)


def test_a_bright_star_hides_nothing_that_is_faint():
    stamps = sky(1)
    stamps[0, 15, 15] += 60
    beside = stamps.copy()
    beside[0, :5, :5] += 5e5
    faint = [normalised(each, ASINH)[0, 15, 15, 0] for each in (stamps, beside)]
    assert faint[0] == pytest.approx(faint[1], rel=0.05)
    hidden = [normalised(each, Normalisation("l2"))[0, 15, 15, 0] for each in (stamps, beside)]
    assert hidden[1] < hidden[0] / 100


def test_what_lies_beyond_an_edge_changes_nothing_within():
    whole, cut = sky(), sky()
    cut[0, :, :10] = PAD
    cut[1, 20:] = np.nan
    cut[2, :, :, 1] = 0.0
    made = normalised(cut, ASINH)
    assert (made[0, :, :10] == 0).all()
    assert (made[1, 20:] == 0).all()
    assert (made[2, :, :, 1] == 0).all()
    image = whole[0, :, 10:, 0]
    noise = median_abs_deviation(image, axis=None, scale="normal")
    expected = np.arcsinh((image - np.median(image)) / noise)
    assert np.allclose(made[0, :, 10:, 0], expected, atol=1e-4)


def test_a_saturated_layer_stays_finite_and_small():
    stamps = sky(1)
    stamps[0, 12:] = 55000.0
    made = normalised(stamps, ASINH)
    assert np.isfinite(made).all()
    assert (made[0, 12:] == 0).all()
    assert np.abs(made).max() < 1


def test_the_scale_of_a_saturated_layer_is_that_of_its_image():
    """Expected: of the pixels with an image, the median distance from saturation (NumPy)."""
    stamps = sky(1)
    stamps[0, 14:] = 55000.0
    stamps[0, :10] = 0.0
    image = stamps[0, 10:14, :, 0]
    noise = np.median(55000.0 - image)
    made = normalised(stamps, ASINH)
    assert np.allclose(made[0, 10:14, :, 0], np.arcsinh((image - 55000.0) / noise), atol=1e-6)
    assert (made[0, :10] == 0).all()


@pytest.mark.parametrize("rule", ["zero", "median"])
def test_what_fills_a_hole_is_no_image(rule):
    """Expected: noise of the pixels that are there, by SciPy."""
    stamps = sky()
    holes = np.random.default_rng(1).random(stamps.shape) < 0.4
    stamps[holes] = np.nan
    made = normalised(stamps, Normalisation("asinh", nan=rule))
    assert (made[holes] == 0).all()
    image, seen = stamps[1, :, :, 1], ~holes[1, :, :, 1]
    noise = median_abs_deviation(image[seen], scale="normal")
    expected = np.arcsinh((image[seen] - np.median(image[seen])) / noise)
    assert np.allclose(made[1, :, :, 1][seen], expected, atol=1e-4)


def test_stamps_of_another_norm_are_refused():
    stamps = sky()
    require_normalised(normalised(stamps, ASINH), ASINH)
    for given in (stamps, normalised(stamps, Normalisation("l2"))):
        with pytest.raises(BundleError, match="not normalised as the model's card says"):
            require_normalised(given, ASINH)
    with pytest.raises(BundleError, match="not normalised as the model's card says"):
        require_normalised(normalised(stamps, ASINH), Normalisation("l2"))
