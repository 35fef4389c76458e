"""The shipped model on a night that it has not seen, and what is said of such nights."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from scope.checkout import SHIPPED_MODELS
from scope.errors import BundleError
from scope.jsontext import to_json
from scope.models.bundle import CARD, MANIFEST, METRICS
from scope.provenance import hash_file
from scope.tasks.stamps.sets import open_set
from scope.tasks.stamps.simulation.options import NightOptions
from scope.tasks.stamps.stamp_model import StampModel
from scope.tasks.stamps.truth import make_truth_set
from scope.tasks.stamps.unseen import (
    BLOCK,
    image_intervals,
    judge_on_truth,
    unseen_options,
    unseen_threshold,
    varying,
)

STARTER = SHIPPED_MODELS / "stamps" / "cnn" / "starter"


@pytest.fixture(scope="module")
def report(night, tmp_path_factory):
    return judge_on_truth(STARTER, night, tmp_path_factory.mktemp("judged"))


def test_the_rates_are_those_counted_by_hand(report, night, tmp_path):
    labels, stamps = open_set(make_truth_set(night, tmp_path, stamp_size=31))
    with stamps:
        scores = StampModel.load(STARTER).scores(stamps.read(np.arange(len(labels)), [0, 1, 2]))
    real, bogus = (labels["label"].to_numpy() == value for value in (1, 0))
    assert report["n"] == real.sum() + bogus.sum()
    assert report["left_out"] == len(labels) - report["n"]
    threshold = report["common"]["threshold"]
    assert np.mean(scores[bogus] >= threshold) <= 0.01
    assert report["common"]["fnr"] == pytest.approx(np.mean(scores[real] < threshold))
    bright = real & (pd.read_csv(night / "truth.csv")["snr"].to_numpy() > 8)
    assert report["bright"]["n_real"] == bright.sum()
    assert report["bright"]["fnr"] == pytest.approx(np.mean(scores[bright] < threshold))


def test_the_shipped_model_knows_real_from_bogus_on_another_night(report):
    assert report["best"]["fpr"] + report["best"]["fnr"] < 0.1
    assert sum(path.stat().st_size for path in STARTER.iterdir()) < 3_000_000


def test_the_card_says_what_was_measured():
    unseen = json.loads((STARTER / METRICS).read_text())["unseen_nights"]
    card = (STARTER / CARD).read_text()
    assert f"FNR {unseen['best']['fnr']:.2%}" in card.replace("\n", " ")
    for kind, rates in unseen["common"]["by_metalabel"].items():
        assert f"| {kind} | {rates['n_real'] or rates['n_bogus']} |" in card
    assert unseen_threshold(StampModel.load(STARTER)) == unseen["best"]["threshold"]


def test_the_mean_of_dropout_samples_is_judged_on_request(night, report, tmp_path):
    """The threshold is counted by hand, of means of samples whose masks are those of their seed."""
    sampled = judge_on_truth(STARTER, night, tmp_path / "judged", n_samples=3)
    assert sampled["n"] == report["n"]
    labels, stamps = open_set(make_truth_set(night, tmp_path, stamp_size=31))
    known = np.flatnonzero(labels["label"].to_numpy() >= 0)
    with stamps:
        seen = stamps.read(known, [0, 1, 2])
    model = StampModel.load(STARTER)
    parts = [model.samples(seen[i : i + BLOCK], 3) for i in range(0, len(seen), BLOCK)]
    scores = np.concatenate(parts).mean(axis=1)
    bogus = np.sort(scores[labels["label"].to_numpy()[known] == 0])
    # At most one in a hundred bogus rows passes: the threshold is just above the next one.
    highest = bogus[len(bogus) - 1 - len(bogus) // 100]
    assert sampled["common"]["threshold"] == pytest.approx(highest, abs=1e-6)
    assert sampled["common"]["threshold"] > highest
    assert abs(scores - model.scores(seen)).max() > 1e-3


def test_the_seed_of_the_training_is_refused():
    options = NightOptions(seed=4)
    with pytest.raises(ValueError, match="same sky"):
        unseen_options(options, 10, 4)
    assert unseen_options(options, 10, 5).n_images == 10


def test_a_model_without_figures_of_unseen_nights_says_so(tmp_path):
    folder = shutil.copytree(STARTER, tmp_path / "other")
    (folder / METRICS).write_text("{}")
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"][METRICS] = hash_file(folder / METRICS)
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="without figures of unseen nights"):
        unseen_threshold(StampModel.load(folder))


def test_intervals_hold_the_rate_as_often_as_they_say():
    """Scores of known distributions: the rate follows from the quantiles of the normal."""
    from scipy.stats import norm

    expected = norm.cdf(norm.ppf(0.99), loc=3)
    inside = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        target = rng.random(3000) < 0.5
        scores = rng.normal(3.0 * target)
        images = rng.integers(0, 150, 3000)
        low, high = image_intervals(target, scores, target, images)["fnr"]
        inside += low <= expected <= high
    assert 33 <= inside <= 40


def test_nights_without_bright_rows_have_no_rate_of_them(night, tmp_path):
    """Null in the report, as of other rows that are not there; JSON can hold it."""
    faint = shutil.copytree(night, tmp_path / "night")
    truth = pd.read_csv(faint / "truth.csv")
    truth.assign(snr=truth["snr"].clip(upper=7.5)).to_csv(faint / "truth.csv", index=False)
    found = judge_on_truth(STARTER, faint, tmp_path / "judged")
    assert found["bright"] == {"n_real": 0, "fnr": None}
    assert found["intervals"]["bright"] is None
    low, high = found["intervals"]["fnr"]
    assert low <= found["common"]["fnr"] <= high
    assert json.loads(to_json(found)) == found


def test_intervals_are_wider_where_rows_of_an_image_are_alike():
    rng = np.random.default_rng(1)
    images = np.repeat(np.arange(50), 40)
    target = rng.random(2000) < 0.5
    scores = 3.0 * target + 0.3 * rng.normal(size=2000) + rng.normal(size=50)[images]
    together, alone = (
        np.ptp(image_intervals(target, scores, target, groups)["bright"])
        for groups in (images, np.arange(2000))
    )
    assert together > 1.5 * alone


def test_varying_nights_have_their_stars_detected_either_way():
    night = varying(NightOptions(seed=4), 0.4)
    assert night.fainter_too
    assert night.variable_stars == 0.4
