"""BALD by hand, masks by id, and the measures of judging."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from scope.errors import InputError
from scope.tasks.stamps import active_learning
from scope.tasks.stamps.judging import (
    best_threshold,
    confidence,
    error_rates,
    rates_at,
    rates_by_label,
    threshold_at_fpr,
)
from scope.tasks.stamps.sets import LABELS_FILE, open_set

from .test_classifier import drawn_set


def test_bald_is_what_members_disagree_about():
    # By hand: sure and opposite members: 1 bit; all at one half: 0; all agreed: 0.
    samples = np.array([[0.0, 1.0], [0.5, 0.5], [1.0, 1.0]])
    assert active_learning.bald_scores(samples) == pytest.approx([1, 0, 0], abs=3e-5)
    assert confidence(samples) == pytest.approx([1, 0, 1], abs=3e-5)


def test_rows_that_were_taken_are_not_taken_again():
    ids = np.array(["c", "a", "b", "d"])
    values = np.array([0.5, 0.9, 0.5, 0.1])
    assert active_learning.choose(ids, values, set(), 2).tolist() == [1, 2]  # b before c.
    assert active_learning.choose(ids, values, {"a"}, 2).tolist() == [2, 0]
    with pytest.raises(InputError, match="1 to 1"):
        active_learning.choose(ids, values, {"a", "b", "c"}, 2)


def test_three_steps_take_each_row_of_a_pool_once(tmp_path, monkeypatch):
    """The mask of gotorb is row numbers after the first step, so that rows come twice."""
    start, pool = drawn_set(tmp_path / "data_0", seed=0), drawn_set(tmp_path / "data_p", seed=1)
    labels, _ = open_set(pool)
    # Other images, so that ids differ from those of the training set.
    labels["id"] = [f"p{number}" for number in range(len(labels))]
    labels[["id"]].join(labels.drop(columns="id")).to_csv(pool / LABELS_FILE, index=False)
    folder, taken = start, []
    for step in range(3):
        meta = {"labels_filename": LABELS_FILE}
        monkeypatch.setattr(
            active_learning, "read_meta", lambda _, f=folder, m=meta: (m, f / "model_1")
        )
        new = active_learning.random_acquisition_strategy(
            folder / "model_1", pool, tmp_path / f"round_{step}", 100, seed=step
        )
        joined, stamps = open_set(new)
        added = [name for name in joined["id"] if name.startswith("p")]
        assert len(added) == 100 * (step + 1)
        assert len(set(joined["id"])) == len(joined) == len(stamps)
        taken, folder = added, new
    mask = pd.read_csv(folder / "randmask.csv")
    assert list(mask.columns) == ["id"]
    assert sorted(mask["id"]) == sorted(taken)
    # Stamps follow their labels: a row of the pool has its own stamp.
    _, pool_stamps = open_set(pool)
    row = joined.index[joined["id"] == "p7"]
    if len(row):
        assert np.array_equal(stamps.read(row), pool_stamps.read([7]))


def test_a_mask_of_row_numbers_is_refused(tmp_path):
    path = tmp_path / "baldmask.csv"
    pd.Series([4, 9]).to_csv(path)
    with pytest.raises(InputError, match="row numbers"):
        active_learning.read_mask(path)


def test_rates_are_those_counted_by_hand():
    target = np.array([True, True, True, False, False, False, False])
    scores = np.array([0.9, 0.8, 0.2, 0.7, 0.3, 0.1, 0.1])
    rates = error_rates(target, scores, [0.0, 0.25, 0.75, 1.0])
    assert rates["fnr"].tolist() == [0, 1 / 3, 1 / 3, 1]
    assert rates["fpr"].tolist() == pytest.approx([1, 0.5, 0, 0])
    best = best_threshold(target, scores)
    assert (best["fnr"], best["fpr"]) == (pytest.approx(1 / 3), 0)
    assert 0.7 < best["threshold"] <= 0.8


def test_one_common_threshold_for_all_metalabels():
    rng = np.random.default_rng(2)
    target = np.repeat([True, False], 2000)
    scores = np.clip(rng.normal(np.where(target, 0.7, 0.3), 0.15), 0, 1)
    labels = np.where(target, np.where(rng.random(4000) < 0.5, "mp", "syntransient"), "randjunk")
    cut = threshold_at_fpr(target, scores, 0.01)
    assert np.mean(scores[~target] >= cut) == pytest.approx(0.01, abs=5e-4)
    found = rates_by_label(target, scores, labels.tolist(), cut)
    assert found["mp"]["fpr"] is None
    n = found["mp"]["n_real"] * found["mp"]["fnr"] + (
        found["syntransient"]["n_real"] * found["syntransient"]["fnr"]
    )
    assert n / 2000 == pytest.approx(rates_at(target, scores, cut)["fnr"])
    tied = threshold_at_fpr(target, np.where(target, 1.0, 0.5), 0.01)
    assert np.mean(np.full(2000, 0.5) >= tied) == 0  # Equal scores pass together or not at all.
