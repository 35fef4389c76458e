"""What a simulated detection is, by the light in its pixels: small images worked out by hand."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest

from scope.tasks.stamps.sets import open_set
from scope.tasks.stamps.simulation.detector import Faults
from scope.tasks.stamps.simulation.image_sky import Sky
from scope.tasks.stamps.simulation.light_origins import Origins
from scope.tasks.stamps.truth import NO_TEMPLATE, make_truth_set

SIZE = 9


def origin(share, *, blank=0, far=0.0):
    """One detection of 4 pixels, `share` of its light of a minor planet, on a bad column."""
    segments = np.zeros((SIZE, SIZE), np.int32)
    segments[4:6, 4:6] = 1
    difference = np.full((SIZE, SIZE), 3.0)
    difference[segments == 1] = 25.0
    changed = np.zeros((SIZE, SIZE))
    changed[4, 4] = 100.0 * share
    faults = Faults()
    faults.add("bad_column", [4] * SIZE, np.arange(SIZE))
    if blank:
        faults.add("edge", [4, 5][:blank], [4] * blank)
    sky = Sky(
        stars=np.array([[4.0, 4.0, 15.0, 15.0]]),
        galaxies=np.empty((0, 7)),
        movers=np.array([[4.0 + far, 4.0, 17.5, 0.0, 0.0]]),
        known=np.array([True]),
        transients=np.empty((0, 4)),
    )
    found = pd.DataFrame({"x": [4.5], "y": [4.5]})
    return Origins(sky, faults, segments, difference, changed).of(found).iloc[0]


@pytest.mark.parametrize(("share", "kind"), [(0.9, "minor_planet"), (0.4, "bad_column")])
def test_a_detection_is_what_most_of_its_light_is_of(share, kind):
    found = origin(share)
    assert found["kind"] == kind
    assert found["real"] == (kind == "minor_planet")
    assert found["share"] == pytest.approx(share)
    expected = 17.5 if kind == "minor_planet" else np.nan
    assert found["mag_true"] == pytest.approx(expected, nan_ok=True)


def test_light_of_a_source_far_away_makes_nothing_real():
    assert origin(0.9, far=8.0)["kind"] == "bad_column"


def test_a_star_that_has_faded_leaves_artefacts_only():
    assert origin(-0.5)["kind"] == "bad_column"


def test_pixels_without_a_template_are_counted():
    assert origin(0.9)["template_part"] == 1.0
    assert origin(0.9, blank=2)["template_part"] == 0.5


def test_what_nobody_could_know_is_of_unknown_label(night, tmp_path):
    copy = shutil.copytree(night, tmp_path / "night")
    truth = pd.read_csv(copy / "truth.csv")
    real = np.flatnonzero(truth["real"])
    truth["template_part"] = 1.0
    truth.loc[real[:3], "template_part"] = 0.0
    truth.to_csv(copy / "truth.csv", index=False)
    labels, stamps = open_set(make_truth_set(copy, tmp_path, stamp_size=21))
    stamps.close()
    unknown = labels["metalabel"].to_numpy() == NO_TEMPLATE
    assert np.flatnonzero(unknown).tolist() == real[:3].tolist()
    assert (labels["label"].to_numpy() == -1).tolist() == unknown.tolist()
    assert ((labels["label"] == 1) == (truth["real"].to_numpy() & ~unknown)).all()


def test_minor_planets_of_a_night_have_their_light(night):
    """The share follows from the drawn flux; what was detected has it to some ten per cent."""
    truth = pd.read_csv(night / "truth.csv")
    known = truth[truth["kind"].eq("minor_planet") & (truth["snr"] > 30)]
    assert len(known) > 5
    assert known["share"].median() == pytest.approx(1, abs=0.1)
    artefacts = truth[truth["kind"].isin(["hot_pixel", "cosmic_ray"])]
    assert artefacts["share"].median() == pytest.approx(0, abs=0.05)
