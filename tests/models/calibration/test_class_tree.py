"""The class tree, and the projection onto it against a general solver."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, minimize

from scope.config import Config
from scope.config.classes import CLASSES
from scope.errors import ConfigError
from scope.models.calibration.class_tree import ClassTree, project
from scope.surveys.simulation.sky_classes import CLASSES as SIMULATED


def random_tree(k: int, rng: np.random.Generator) -> np.ndarray:
    """Parents of k classes in random order, some of them roots."""
    parents = np.array([-1] + [int(rng.integers(-1, i)) for i in range(1, k)])
    order = rng.permutation(k)
    place = np.argsort(order)
    return np.array([-1 if parents[i] < 0 else place[parents[i]] for i in order])


def nearest_by_solver(p: np.ndarray, parents: np.ndarray) -> np.ndarray:
    rows = np.zeros((0, len(p)))
    for child in np.flatnonzero(parents >= 0):
        row = np.zeros(len(p))
        row[parents[child]], row[child] = 1, -1
        rows = np.vstack([rows, row])
    constraints = [LinearConstraint(rows, lb=0)] if len(rows) else []
    found = minimize(
        lambda x: ((x - p) ** 2).sum(),
        np.full(len(p), p.mean()),
        jac=lambda x: 2 * (x - p),
        constraints=constraints,
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    return np.asarray(found.x)


@pytest.mark.parametrize("seed", range(8))
def test_the_projection_is_that_of_a_general_solver(seed: int) -> None:
    rng = np.random.default_rng(seed)
    parents = random_tree(int(rng.integers(2, 10)), rng)
    rows = rng.random((6, len(parents)))
    expected = [nearest_by_solver(row, parents) for row in rows]
    np.testing.assert_allclose(project(rows, parents), expected, atol=1e-6)


def test_no_child_is_above_its_parent_in_any_row() -> None:
    rng = np.random.default_rng(1)
    parents = random_tree(52, rng)
    projected = project(rng.random((2000, 52)) ** 3, parents)
    children = np.flatnonzero(parents >= 0)
    assert (projected[:, children] <= projected[:, parents[children]]).all()
    assert ((projected >= 0) & (projected <= 1)).all()
    # nor after rounding to what a catalogue holds
    single = projected.astype(np.float32)
    assert (single[:, children] <= single[:, parents[children]]).all()


def test_a_row_in_order_stays_as_it_is_and_in_any_company() -> None:
    parents = np.array([-1, 0, 1])
    rows = np.array([[0.9, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.2, 0.6]])
    projected = project(rows, parents)
    np.testing.assert_array_equal(projected[0], rows[0])
    np.testing.assert_allclose(projected[1], [0.45, 0.45, 0.1])
    np.testing.assert_allclose(projected[2], [0.3, 0.3, 0.3])
    for i in range(3):
        np.testing.assert_array_equal(project(rows[i : i + 1], parents)[0], projected[i])


def test_no_rows_and_no_classes_are_fine() -> None:
    assert project(np.empty((0, 3)), np.array([-1, 0, 1])).shape == (0, 3)
    assert project(np.empty((2, 0)), np.empty(0, dtype=np.int64)).shape == (2, 0)


def test_an_absent_parent_is_replaced_by_the_nearest_ancestor_that_is_there() -> None:
    tree = ClassTree({"vnv": None, "puls": "vnv", "rrlyr": "puls", "rrab": "rrlyr", "bogus": None})
    assert tree.ancestors("rrab") == ("rrlyr", "puls", "vnv")
    tags = ["rrab", "bogus", "vnv"]
    assert tree.places(tags).tolist() == [2, -1, -1]
    assert tree.restricted(tags) == {"rrab": "vnv", "bogus": None, "vnv": None}


def test_a_ring_or_an_unknown_parent_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"kind of itself: 'a -> b -> c -> a'"):
        ClassTree({"a": "b", "b": "c", "c": "a"})
    with pytest.raises(ConfigError, match=r"'x'.*training\.classes\.a\.parent"):
        ClassTree({"a": "x"})


def test_the_configured_tree_is_one_and_has_every_variable_class_under_variable() -> None:
    tree = ClassTree(Config().class_parents())
    apart = {tag for tag in tree.parent if not tree.ancestors(tag)} - {"vnv"}
    assert apart == {"wp", "hp", "dp", "bogus", "ext", "blend", "bright", "artfct"}
    assert all(tree.ancestors(tag)[-1] == "vnv" for tag in {*tree.parent} - apart - {"vnv"})


def test_the_labels_of_every_simulated_star_respect_the_tree() -> None:
    # labels were written down star by star, without the tree
    tag_of = {item.label: item.tag for item in CLASSES}
    tree = ClassTree(Config().class_parents())
    for star in SIMULATED.values():
        tags = {tag_of[label] for label in star.labels if label in tag_of}
        for tag in tags:
            assert set(tree.ancestors(tag)) <= tags, (star.name, tag)
