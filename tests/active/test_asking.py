"""What members say together, who is asked about, and where the map puts things."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scope.active import acquisition as a
from scope.active.calibrate import (
    expected_calibration_error,
    fit_temperature,
    wrong_by_certainty,
)
from scope.active.play_queries import (
    LoopOptions,
    labels_saved,
    paired_difference,
    play_queries,
    plot_curves,
    tree_members,
)
from scope.active.queries import Asking, Pool, excluded_by_name, select_queries
from scope.active.simulate_queries import SimulationOptions, known_labels
from scope.active.som import MapOptions, best_cells, cell_separations, load_map, train_map, u_matrix
from scope.active.summary import entropy, out_of_bag, summarise
from scope.errors import InputError, UsageError

LN2 = np.log(2)


def test_the_summary_of_cases_whose_answer_is_known():
    p = np.array(
        [
            [[0.5, 0.5], [0.5, 0.5]],  # All in doubt.
            [[1.0, 0.0], [0.0, 1.0]],  # Sure, and of two opinions.
            [[1.0, 0.0], [1.0, 0.0]],  # Sure.
        ]
    )
    s = summarise(p)
    np.testing.assert_allclose(s.entropy, [LN2, LN2, 0], atol=1e-9)
    np.testing.assert_allclose(s.member_entropy, [LN2, 0, 0], atol=1e-9)
    np.testing.assert_allclose(s.mutual_information, [0, LN2, 0], atol=1e-9)
    np.testing.assert_allclose(s.vote_entropy, [0, LN2, 0], atol=1e-9)
    np.testing.assert_allclose(s.margin, [0, 0, 1], atol=1e-9)
    np.testing.assert_allclose(s.spread, [0, 0.5, 0], atol=1e-9)
    assert s.votes.tolist() == [[1, 0], [0.5, 0.5], [1, 0]]


def test_entropy_is_that_of_scipy():
    from scipy.stats import entropy as reference

    p = np.random.default_rng(0).dirichlet([0.3, 1, 2], 50)
    np.testing.assert_allclose(entropy(p), reference(p, axis=1), atol=1e-9)


def test_members_that_learnt_from_an_object_do_not_speak_of_it():
    p = np.array([[[0.9, 0.1], [0.2, 0.8]], [[0.9, 0.1], [0.2, 0.8]]])
    s = summarise(out_of_bag(p, np.array([[True, False], [True, True]])))
    np.testing.assert_allclose(s.mean[0], [0.2, 0.8])
    assert s.n_members.tolist() == [1, 0]
    assert np.isnan(s.entropy[1])
    with pytest.raises(InputError, match="0 to 1"):
        summarise(np.array([[[1.5, -0.5]]]))


def test_each_strategy_puts_its_own_case_first():
    p = np.array([[[0.55, 0.45], [0.45, 0.55]], [[0.99, 0.01], [0.1, 0.9]], [[1, 0], [1, 0.0]]])
    assert a.by_bald(p, 1).tolist() == [1]
    assert a.by_entropy(p, 3).tolist() == [0, 1, 2]
    assert a.by_margin(p, 1).tolist() == a.by_least_confidence(p, 1).tolist() == [0]
    assert a.by_vote_entropy(p, 3).tolist() == [0, 1, 2]
    assert sorted(a.at_random(5, 5, 1)) == list(range(5))
    assert a.first(np.array([np.nan, 1.0, 2.0]), 3).tolist() == [2, 1]


def test_the_weakest_classes_are_asked_about():
    """Row 0 is in doubt between the first classes, row 1 between the last: the last are weak."""
    p = np.array([[[0.5, 0.5, 0, 0]], [[0, 0, 0.5, 0.5]], [[0, 0, 0, 1.0]]])
    quality = np.array([1.0, 1.0, 0.4, np.nan])
    assert a.by_weakest(p, quality, 1).tolist() == [1]
    # Two entropies of ln 2 with weights 0.6 and 1.
    np.testing.assert_allclose(a.class_doubt(p[:, 0], quality), [0, 1.6 * LN2, 0], atol=1e-9)
    np.testing.assert_allclose(a.class_doubt(p[:, 0], quality, 1), [0, LN2, 0], atol=1e-9)


def test_the_quality_of_a_class_is_that_of_members_that_did_not_learn_from_a_row():
    from scope.active.scoring import class_quality

    y = np.array([0, 0, 1, 1])
    p = np.stack([np.eye(2)[y], np.eye(2)[1 - y]], axis=1)
    p[:, 1] = np.nan
    np.testing.assert_array_equal(class_quality(p, y), [1, 1])
    p[3] = np.nan
    assert np.isnan(class_quality(p, np.array([0, 0, 0, 1]))[1])


def test_a_calibration_is_judged_by_objects_that_it_did_not_see():
    """Labels without relation to the scores: what is fitted to others cannot be sure of them."""
    from scope.active.scoring import calibrated_apart

    rng = np.random.default_rng(1)
    p = rng.dirichlet([0.2, 0.2], 400)
    y = rng.integers(2, size=400)
    apart = calibrated_apart(p, y, np.arange(400))
    assert np.isfinite(apart).all()
    assert apart.max() < 0.8
    assert not np.allclose(apart, fit_temperature(p, y)(p))


def test_labels_saved_are_counted_from_where_a_curve_stays_above():
    """Random ends at .8 with 40; the other is above at 10 by luck, and for good from 25 on."""
    import pandas as pd

    curves = pd.DataFrame(
        [
            {"strategy": name, "n_labels": n, "accuracy": value}
            for name, values in (
                ("random", [0.5, 0.6, 0.7, 0.8]),
                ("entropy", [0.9, 0.7, 0.9, 0.9]),
            )
            for n, value in zip((10, 20, 30, 40), values, strict=True)
        ]
    )
    assert labels_saved(curves, "entropy", "accuracy") == pytest.approx(25 / 40)
    assert labels_saved(curves, "random", "accuracy") == 1.0


def test_bands_of_curves_are_errors_of_the_mean_over_splits():
    """Nine splits about 0.5, at two numbers of labels."""
    import pandas as pd

    values = [0, 1, 0, 1, 0, 1, 0, 1, 0.5]
    rows = [{"strategy": "random", "n_labels": n, "auc": v} for n in (10, 20) for v in values]
    axes = plot_curves(pd.DataFrame(rows), "auc").axes[0]
    corners = axes.collections[0].get_paths()[0].vertices[:, 1]
    half = np.std(values, ddof=1) / 3
    assert corners.max() == pytest.approx(0.5 + half)
    assert corners.min() == pytest.approx(0.5 - half)


def test_the_configuration_knows_the_strategies_and_fillings_that_there_are():
    from scope.active.members import FILLINGS
    from scope.config import active

    assert set(active.STRATEGIES) == set(a.STRATEGIES)
    assert active.FILLINGS == FILLINGS


def test_a_core_set_does_not_ask_the_same_twice():
    features = np.array([[0.0], [0.01], [5.0], [5.01], [10.0]])
    chosen = a.core_set(features, np.array([1.0, 0.9, 0.8, 0.7, 0.6]), 3)
    assert sorted(features[chosen, 0].round()) == [0, 5, 10]
    known = a.core_set(features, np.ones(5), 2, known=np.array([[0.0]]))
    assert sorted(features[known, 0].round()) == [5, 10]


def test_cells_take_turns():
    use = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    assert a.spread_over_cells(np.array([3, 3, 3, 7, -1]), use, 4).tolist() == [0, 3, 1, 2]


def test_sparse_cells_are_those_at_or_below_the_percentile():
    """Counts 1, 2, 9, 10: their 15th percentile is 1.45, so that the cell of 1 goes."""
    cells = np.repeat([5, 0, 2, 3], [1, 2, 9, 10])
    assert a.sparse_cells(cells, 8).sum() == 1
    assert not a.sparse_cells(cells, 8, 0)[1:].any()


def test_reasons_are_counted_once_and_objects_are_asked_about_once():
    p = np.random.default_rng(3).dirichlet([1, 1], (8, 4))
    objects = np.array(["a", "a", "b", "c", "d", "e", "f", "f"])
    excluded = excluded_by_name(objects, labelled=["b", "c"], held_out=["c", "d"])
    queries, counts = select_queries(
        summarise(p), Pool(objects, excluded), Asking(size=10), round_number=2
    )
    assert counts == {
        "labelled": 2,
        "held_out": 1,
        "listed_elsewhere": 0,
        "no_scores": 0,
        "other_row": 2,
    }
    assert sorted(queries["object"]) == ["a", "e", "f"]
    assert (queries["score"].diff().dropna() <= 0).all()
    everything = {"held_out": np.ones(8, bool)}
    with pytest.raises(InputError, match="nothing is left"):
        select_queries(summarise(p), Pool(objects, everything), Asking(), 0)
    with pytest.raises(UsageError, match="entropy"):
        Asking(strategy="gut feeling")


def test_the_map_finds_the_nearest_cell_and_keeps_clusters_apart(tmp_path):
    from scipy.spatial.distance import cdist

    rng = np.random.default_rng(0)
    centres = rng.normal(size=(4, 6)) * 8
    data = centres[rng.integers(4, size=600)] + rng.normal(size=(600, 6))
    som = train_map(data, MapOptions(shape=(-6, -6), iterations=40))
    cells, distance = best_cells(data, som.weights)
    reference = cdist(data, som.weights)
    np.testing.assert_allclose(distance, reference.min(axis=1), atol=1e-3)
    assert som.loss[-1] < 0.6 * som.loss[0]
    nearest = cdist(data, centres).argmin(axis=1)
    owners = [set(nearest[cells == cell]) for cell in np.unique(cells)]
    assert np.mean([len(owner) == 1 for owner in owners]) > 0.9
    assert som.occupancy(data).sum() == 600
    som.save(tmp_path)
    np.testing.assert_array_equal(load_map(tmp_path, 6).weights, som.weights)
    with pytest.raises(InputError, match="another grid"):
        load_map(tmp_path, 7)
    assert u_matrix(som.weights, (-6, -6)).shape == (6, 6)


def test_separations_wrap_around():
    apart = cell_separations((-4, 3)).reshape(4, 3, 4, 3)
    assert apart[0, 0, 3, 0] == 1
    assert apart[0, 0, 0, 2] == 2
    assert apart[0, 0, 2, 1] == pytest.approx(np.sqrt(5))


def test_a_temperature_makes_overconfident_members_honest():
    rng = np.random.default_rng(0)
    honest = rng.dirichlet([1, 1, 1], 4000)
    y = np.array([rng.choice(3, p=row) for row in honest])
    sharp = honest**3 / (honest**3).sum(axis=1, keepdims=True)
    fitted = fit_temperature(sharp, y)
    assert fitted.temperature == pytest.approx(3, rel=0.1)
    assert expected_calibration_error(sharp, y) > 0.1
    assert expected_calibration_error(fitted(sharp), y) < 0.02
    certain, doubtful = wrong_by_certainty(fitted(sharp), y)
    assert certain < 0.1 < doubtful


def test_the_loop_asks_where_classes_meet_and_measures_on_what_it_never_asked():
    """One feature, a border at 0.5 and duplicates far from it: doubt is worth more than luck."""
    rng = np.random.default_rng(5)
    x = rng.uniform(size=(400, 1)) ** 3
    y = (x[:, 0] > 0.5).astype(np.int64)
    options = LoopOptions(
        start=6, size=5, rounds=3, members=5, strategies=("random", "entropy"), splits=3
    )
    curves = play_queries(tree_members(x, 2, trees=5), y, options)
    assert sorted(set(curves["n_labels"])) == [6, 11, 16, 21]
    assert len(curves) == 2 * 3 * 4
    gain = paired_difference(curves, "entropy", "accuracy", 21)
    assert gain.mean > 0
    assert gain.low <= gain.mean <= gain.high
    assert 0 < labels_saved(curves, "entropy", "accuracy") <= 1
    again = play_queries(tree_members(x, 2, trees=5), y, options)
    assert again.equals(curves)


def test_fewer_first_labels_than_classes_are_refused():
    x = np.random.default_rng(5).uniform(size=(80, 1))
    y = (4 * x[:, 0]).astype(np.int64)
    few = LoopOptions(start=3, size=5, rounds=1, members=2, splits=1)
    with pytest.raises(InputError, match=r"first labels.*: 3; allowed: 4 or more; .*start"):
        play_queries(tree_members(x, 4), y, few)
    assert len(play_queries(tree_members(x, 4), y, replace(few, start=4))) == 6


def test_the_map_is_drawn_with_the_mean_of_each_cell(tmp_path):
    from scope.active.som_plots import cell_statistic, plot_map

    found = cell_statistic(np.array([1, 3, 1, -1]), np.array([1.0, 5.0, 3.0, 9.0]), 4)
    np.testing.assert_array_equal(found, [np.nan, 2.0, np.nan, 5.0])
    data = np.random.default_rng(0).normal(size=(50, 3))
    som = train_map(data, MapOptions(shape=(4, -3), iterations=5))
    figure = plot_map(som, data, (4, -3), data[:, 0], "x", tmp_path / "map.png", (0, 1, 2))
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    drawn = {axes.get_title(): axes for axes in figure.axes if axes.images}
    counts = np.asarray(drawn["spectra per cell"].images[0].get_array()).ravel()
    np.testing.assert_array_equal(np.nan_to_num(counts), som.occupancy(data))
    # The mean of x of the rows in each cell, by pandas.
    import pandas as pd

    expected = pd.Series(data[:, 0]).groupby(som.cells(data)).mean()
    mean = np.asarray(drawn["mean x"].images[0].get_array()).ravel()
    np.testing.assert_allclose(mean[expected.index], expected)
    assert drawn["features 0, 1, 2"].images[0].get_array().shape == (4, 3, 3)
    (loss,) = [axes for axes in figure.axes if axes.get_xlabel() == "iteration"]
    np.testing.assert_array_equal(loss.lines[0].get_ydata(), som.loss)


def test_the_distance_between_neighbours_is_that_of_four_cells_in_a_row():
    """Cells at 0, 1, 3 and 7 in a row that ends: the ends have one neighbour."""
    found = u_matrix(np.array([[0.0], [1.0], [3.0], [7.0]], dtype=np.float32), (1, 4))
    np.testing.assert_allclose(found, [[1, 1.5, 3, 4]], atol=1e-5)
    around = u_matrix(np.array([[0.0], [1.0], [3.0], [7.0]], dtype=np.float32), (1, -4))
    np.testing.assert_allclose(around, [[4, 1.5, 3, 5.5]], atol=1e-5)


def test_three_features_are_colours():
    from scope.active.som_plots import feature_colours

    weights = np.linspace([0, 10, 5], [1, 0, 5], 101)
    colours = feature_colours(weights, (0, 1, 2))
    np.testing.assert_allclose(colours[50], [0.5, 0.5, 0], atol=1e-9)
    assert colours[0].tolist() == [0, 1, 0]
    with pytest.raises(UsageError, match="three"):
        feature_colours(weights, (0, 1))


@pytest.mark.parametrize("names", [("entropy", "entropy"), ("luck", "random"), ()])
def test_strategies_are_compared_that_are_known_and_each_once(names):
    with pytest.raises(UsageError, match="strategies to compare"):
        LoopOptions(strategies=names)


def test_known_labels_are_a_table_or_a_ledger(tmp_path):
    """Labels beside a ledger of the folder, which is not what is named."""
    (tmp_path / "old.jsonl").write_text("")
    with pytest.raises(InputError, match=r"neither a table nor a ledger.*ledger\.jsonl"):
        known_labels(tmp_path / "old.jsonl", "spectra", None, SimulationOptions())
