"""p-values of strange rows, on normal distributions, where the truth is known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import binom
from sklearn.neighbors import NearestNeighbors

from scope.preprocessing.novelty import Novelty

K = 6
NAMES = tuple(f"feature_{j}" for j in range(K))


def draw(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return rows of correlated features, some of them in powers of ten, and a group for each.

    The second group differs more among themselves.
    """
    group = np.arange(n) % 2
    rows = rng.normal(0, np.where(group, 3.0, 1.0)[:, None], (n, K))
    rows[:, 1] = rows[:, 0] + 0.1 * rows[:, 1]
    rows[:, 2] = 10 ** rows[:, 2]
    return rows, group


def fitted(seed: int = 0, n: int = 4000) -> Novelty:
    rng = np.random.default_rng(seed)
    training, _ = draw(rng, n)
    others, group = draw(rng, n)
    found = Novelty.fit(NAMES, training, others, group, seed=1, n_reference=800)
    assert found is not None
    return found


def test_few_rows_like_those_of_training_have_a_small_p_value() -> None:
    rng = np.random.default_rng(9)
    rows, group = draw(rng, 8000)
    p = fitted().p_value(rows)
    for number in (0, 1):
        for level in (0.01, 0.02, 0.1):
            # Validity of conformal prediction: at most `level`, in each group.
            count = int((p[group == number] <= level).sum())
            assert count <= binom.ppf(0.9999, 4000, level) + 0.003 * 4000
    # The group of the widest spread attains it.
    assert (p[group == 1] <= 0.1).mean() == pytest.approx(0.1, abs=0.02)


def test_rows_that_break_a_correlation_are_strange() -> None:
    rows, _ = draw(np.random.default_rng(2), 200)
    # Each value alone is as usual as it was.
    rows[:, 1] = -rows[:, 0]
    far = np.abs(rows[:, 0]) > 1
    assert (fitted().p_value(rows)[far] < 0.02).mean() > 0.9


def test_rows_beyond_all_of_training_are_strange() -> None:
    rows, _ = draw(np.random.default_rng(3), 200)
    rows[:, 4] = 1e6
    assert fitted().p_value(rows).max() < 0.005


def test_the_distance_is_that_of_another_library() -> None:
    found = fitted()
    rows, _ = draw(np.random.default_rng(4), 50)
    # Within the training range: the curves by numpy, the neighbours by scikit-learn.
    columns = [np.interp(rows[:, j], *found.curves[j]) for j in range(K)]
    inside = np.all(
        [(rows[:, j] >= c.at[0]) & (rows[:, j] <= c.at[-1]) for j, c in enumerate(found.curves)],
        axis=0,
    )
    assert inside.sum() > 30
    white = np.column_stack(columns) @ found.whitening
    nearest = NearestNeighbors(n_neighbors=5, algorithm="brute").fit(found.reference)
    expected = nearest.kneighbors(white)[0].mean(axis=1)
    np.testing.assert_allclose(found.distance(rows)[inside], expected[inside], rtol=1e-5)


def test_a_row_has_the_same_p_value_in_any_company() -> None:
    found = fitted()
    rows, _ = draw(np.random.default_rng(5), 64)
    together = found.distance(rows)
    apart = np.concatenate([found.distance(rows[i : i + 1]) for i in range(len(rows))])
    np.testing.assert_array_equal(together, apart)


def test_what_was_learnt_survives_its_file() -> None:
    found = fitted()
    again = Novelty.from_json(json.loads(json.dumps(found.to_json())))
    rows, _ = draw(np.random.default_rng(6), 300)
    np.testing.assert_allclose(again.distance(rows), found.distance(rows), rtol=2e-3)
    twice = Novelty.from_json(json.loads(json.dumps(again.to_json())))
    np.testing.assert_array_equal(twice.distance(rows), again.distance(rows))


def test_undefined_rows_have_no_p_value() -> None:
    rows, _ = draw(np.random.default_rng(7), 3)
    rows[1, 0] = np.nan
    p = fitted().p_value(rows)
    assert np.isnan(p).tolist() == [False, True, False]


def test_too_few_rows_teach_nothing() -> None:
    rows, group = draw(np.random.default_rng(8), 5)
    assert Novelty.fit(NAMES, rows, rows, group, seed=0) is None
    rows, _ = draw(np.random.default_rng(8), 50)
    assert Novelty.fit(NAMES, rows, rows, np.full(50, -1), seed=0) is None
