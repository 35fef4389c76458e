"""Transients and bad photometry as the survey lists them."""

from __future__ import annotations

import numpy as np
import pytest

from scope.surveys.simulation import CLASSES, simulate_stars
from tests.surveys.simulation.test_sky_classes import TRANSIENTS


def seen(name, n=24, seed=3):
    """Return the light curves of a class by band, and their truth."""
    curves, truth = simulate_stars(name, n, seed, years=2.0, n_epochs_median=150)
    parts = [slice(*ends) for ends in zip(curves.offsets, curves.offsets[1:], strict=False)]
    return curves, truth.to_pandas(), parts


@pytest.mark.parametrize("name", sorted(TRANSIENTS))
def test_a_transient_is_brighter_than_its_errors_where_it_is_listed(name):
    _, truth, _ = seen(name)
    listed = truth[truth["n_listed"] >= 20]
    assert len(listed) >= 8
    assert (listed["snr"] > 5).mean() > 0.6
    assert truth["period_days"].isna().all()


@pytest.mark.parametrize("name", ["SN-IA", "SN-IBC", "NOVA", "DN-SUPER"])
def test_epochs_at_which_there_is_nothing_to_see_are_missing(name):
    _, truth, _ = seen(name, 40)
    # Behind some the galaxy or star is fainter than the limit; before others it is seen.
    assert (truth["n_listed"] < 60).any()
    assert (truth["n_listed"] > 100).any()


def test_a_supernova_reddens():
    curves, truth, parts = seen("SN-IA", 60)
    colours = []
    for _, star in truth.groupby("sourceid"):
        if len(star) < 2 or star["snr"].min() < 30:
            continue
        green, red = (parts[row] for row in star.sort_values("filterid").index)
        peak = curves.time[green][np.argmin(curves.mag[green])]
        late = (curves.time[green] > peak + 15) & (curves.time[green] < peak + 45)
        near = np.abs(curves.time[green] - peak) < 5
        match = np.interp(curves.time[green], curves.time[red], curves.mag[red])
        colour = curves.mag[green] - match
        if late.sum() > 3 and near.sum() > 1:
            colours.append(np.median(colour[late]) - np.median(colour[near]))
    assert len(colours) >= 5
    assert np.median(colours) > 0.3


def test_r_coronae_borealis_stars_fade_and_do_not_brighten():
    curves, _, parts = seen("RCB", 12)
    below = [np.ptp(curves.mag[p]) for p in parts if p.stop - p.start > 50]
    # Hours at maximum are many: the median lies nearer to the bright end.
    assert np.median(below) > 1.0
    assert "transient" not in CLASSES["RCB"].labels
    assert {"periodic", "dipping"} <= set(CLASSES["RCB"].unknown)


def test_saturated_stars_are_fainter_in_good_seeing():
    curves, _, parts = seen("BOGUS-SATURATED", 12)
    # The brightest of them lose light in good seeing only: the scatter is on the faint side.
    skews = []
    for part in parts:
        mag = curves.mag[part][curves.catflags[part] == 0]
        if len(mag) > 60 and np.ptp(np.percentile(mag, (5, 95))) > 0.15:
            low, middle, high = np.percentile(mag, (5, 50, 95))
            skews.append((high - middle) - (middle - low))
    assert len(skews) >= 5
    assert np.mean(skews) > 0


def test_what_is_unknown_of_a_class_is_in_the_truth():
    _, truth, _ = seen("NOVA", 6)
    assert all("CV" in names for names in truth["unknown"])
