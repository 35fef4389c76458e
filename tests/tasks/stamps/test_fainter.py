"""What is fainter than in the template: detected on the negative, and turned in the stamps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from scope.tasks.stamps.sets import open_set
from scope.tasks.stamps.simulation.image_sky import draw_sky
from scope.tasks.stamps.simulation.options import NightOptions
from scope.tasks.stamps.simulation.write import simulate_night
from scope.tasks.stamps.truth import FADED, make_truth_set

OPTIONS = NightOptions(n_images=4, seed=5, size=256, variable_stars=0.5, fainter_too=True)


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """A night of many variable stars, and what is detected in it either way."""
    return simulate_night(tmp_path_factory.mktemp("both"), OPTIONS)


@pytest.fixture(scope="module")
def truth(both):
    return pd.read_csv(both / "truth.csv")


def test_what_is_brighter_is_detected_as_without(both, truth, tmp_path):
    usual = simulate_night(tmp_path / "usual", replace(OPTIONS, fainter_too=False))
    expected = pd.read_csv(usual / "truth.csv")
    found = truth[~truth["fainter"]].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, expected)
    image = "final/r005000000_UT1_1.fits"
    assert (usual / image).read_bytes() == (both / image).read_bytes()


def test_only_stars_are_really_fainter(truth):
    """Minor planets and transients are not in the template."""
    fainter = truth[truth["fainter"]]
    assert fainter["real"].sum() > 5
    assert set(fainter.loc[fainter["real"], "kind"]) == {"variable_star"}


def test_a_detection_is_positive_in_the_difference_of_its_stamp(both, truth, tmp_path):
    labels, stamps = open_set(make_truth_set(both, tmp_path, stamp_size=21))
    with stamps:
        layers = stamps.read(np.arange(len(labels)), [0, 1, 2])
    assert len(labels) == len(truth)
    light = np.nansum(layers[:, 9:12, 9:12, :], axis=(1, 2))
    assert (light[:, 2] > 0).mean() > 0.98
    faded = labels["metalabel"].to_numpy() == FADED
    assert faded.tolist() == (truth["fainter"] & truth["real"]).tolist()


def test_the_light_that_a_star_has_lost_is_in_its_stamp(tmp_path):
    """All stars change by 1 mag: of one that has faded to m is missing 10^0.4 - 1 times its light.

    Expected: that closed form. Science and template stay what they are; the difference is turned.
    """
    night = simulate_night(tmp_path / "night", replace(OPTIONS, variable_change=(1.0, 1.0)))
    truth = pd.read_csv(night / "truth.csv")
    _, stamps = open_set(make_truth_set(night, tmp_path, stamp_size=31))
    faded = truth["fainter"] & truth["real"] & (truth["snr"] > 20)
    assert faded.sum() > 3
    with stamps:
        layers = stamps.read(np.flatnonzero(faded), [0, 1, 2])
    lost = 10 ** (0.4 * (OPTIONS.zero_point - truth["mag_true"][faded])) * (10**0.4 - 1)
    layers = layers - np.median(layers, axis=(1, 2), keepdims=True)
    near, far = (layers[:, 15 - r : 16 + r, 15 - r : 16 + r].sum(axis=(1, 2)) for r in (3, 5))
    assert ((near[:, 1] - near[:, 0]) / lost).to_numpy() == pytest.approx(1, abs=0.2)
    # Wings of the matched template and neighbours take a tenth of it either way.
    assert (far[:, 2] / lost).to_numpy() == pytest.approx(1, abs=0.2)
    assert np.median(far[:, 2] / lost) == pytest.approx(1, abs=0.1)


def test_stars_change_by_as_much_as_the_options_say():
    options = replace(OPTIONS, variable_change=(0.02, 0.05), stars=4000)
    sky = draw_sky(np.random.default_rng(1), options)
    change = np.abs(sky.stars[sky.varies, 3] - sky.stars[sky.varies, 2])
    assert len(change) > 50
    assert change.min() >= 0.02 - 1e-9
    assert change.max() <= 0.05 + 1e-9
