"""Files of XGBoost's trees, looked at before XGBoost reads them.

XGBoost trusts a model file: with a length, a child or a feature number that is out of range it
reads memory that is not its own, and the process ends without a word. Hashes do not help where
whoever damaged a file made them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.jsontext import parse_json
from scope.models.trees.ubjson import read_ubjson

LEAF = -1

_PER_NODE = (
    *("left_children", "right_children", "parents", "split_indices", "split_conditions"),
    *("default_left", "base_weights", "loss_changes", "sum_hessian"),
)
_PER_CATEGORY = (*("categories", "categories_nodes", "categories_segments", "categories_sizes"),)
_LONGEST_TREE = 1 << 24


def check_tree_file(path: str | Path) -> None:
    """Look whether a file holds whole trees of one output.

    Parameters
    ----------
    path : path
        ``.ubj`` or ``.json``, as XGBoost 1.6 and later write them.

    Raises
    ------
    ValueError
        If it does not; the message says what is wrong.
    OSError
        If it cannot be read.
    """
    content = Path(path).read_bytes()
    try:
        if Path(path).suffix.lower() == ".json":
            # Of a key that stands twice XGBoost may take the other value.
            model = parse_json(content)
        else:
            model = read_ubjson(content)
        check_trees(model)
    except RecursionError:
        raise ValueError("nested too deep") from None
    except (KeyError, TypeError, IndexError, AttributeError, OverflowError) as error:
        raise ValueError(f"not whole: {type(error).__name__} {error}") from None


def check_trees(model: Mapping[str, Any]) -> None:
    """Look whether the parts of a model fit each other; raises as `check_tree_file`."""
    version = _integers(model["version"])
    if len(version) != 3 or not (1 <= version[0] <= 99):
        raise ValueError(f"version {version.tolist()}")
    learner = model["learner"]
    booster = learner["gradient_booster"]
    if booster["name"] != "gbtree":
        raise ValueError(f"booster {booster['name']!r}; gbtree is read")
    parameters = learner["learner_model_param"]
    _check_texts(parameters)
    n_features = _integer(parameters["num_feature"])
    if _integer(parameters.get("num_class", "0")) > 1:
        raise ValueError("several classes in one model")
    if _integer(parameters.get("num_target", "1")) != 1:
        raise ValueError("several outputs")
    for names in ("feature_names", "feature_types"):
        found = learner.get(names, [])
        if len(found) not in (0, n_features) or not all(isinstance(name, str) for name in found):
            raise ValueError(f"{len(found)} {names} of {n_features} features")
    _check_texts(learner.get("attributes", {}))
    _check_objective(learner["objective"])
    _check_forest(booster["model"], n_features)


def _check_texts(parameters: Any) -> None:
    if not isinstance(parameters, dict) or not all(
        isinstance(value, str) for value in parameters.values()
    ):
        raise ValueError("parameters that are no texts")


def _check_objective(objective: Mapping[str, Any]) -> None:
    if not isinstance(objective["name"], str):
        raise ValueError("objective without a name")
    for name, value in objective.items():
        if name != "name":
            _check_texts(value)


def _check_forest(model: Mapping[str, Any], n_features: int) -> None:
    parameters = model["gbtree_model_param"]
    _check_texts(parameters)
    trees = model["trees"]
    if not isinstance(trees, list) or _integer(parameters["num_trees"]) != len(trees):
        raise ValueError(f"{parameters['num_trees']} trees, and {len(trees)} are there")
    if _integer(parameters.get("num_parallel_tree", "1")) < 1:
        raise ValueError("no trees of a round")
    outputs = _integers(model["tree_info"])
    if len(outputs) != len(trees) or outputs.any():
        raise ValueError("trees of other outputs")
    rounds = _integers(model.get("iteration_indptr", [0, len(trees)]))
    whole = len(rounds) and rounds[0] == 0 and rounds[-1] == len(trees)
    if not whole or (np.diff(rounds) < 0).any():
        raise ValueError("rounds that are not those of its trees")
    for key, value in model.get("cats", {}).items():
        if len(value):
            raise ValueError(f"categories ({key})")
    for number, tree in enumerate(trees):
        try:
            _check_tree(tree, number, n_features)
        except ValueError as error:
            raise ValueError(f"tree {number}: {error}") from None
    if trees:
        _check_branches(trees, n_features)


def _check_tree(tree: Mapping[str, Any], number: int, n_features: int) -> None:
    parameters = tree["tree_param"]
    _check_texts(parameters)
    n_nodes = _integer(parameters["num_nodes"])
    if not 1 <= n_nodes <= _LONGEST_TREE:
        raise ValueError(f"{n_nodes} nodes")
    if _integer(parameters.get("size_leaf_vector", "1")) > 1:
        raise ValueError("leaves of several values")
    if not 0 <= _integer(parameters.get("num_deleted", "0")) < n_nodes:
        raise ValueError("more nodes deleted than there are")
    if _integer(parameters["num_feature"]) != n_features:
        raise ValueError(f"{parameters['num_feature']} features, the model has {n_features}")
    if _integer(tree["id"]) != number:
        raise ValueError(f"number {tree['id']}")
    for name in _PER_NODE:
        values = _numbers(tree[name])
        if len(values) != n_nodes:
            raise ValueError(f"{len(values)} {name} of {n_nodes} nodes")
    if any(len(tree.get(name, ())) for name in _PER_CATEGORY):
        raise ValueError("splits by category")
    kinds = _integers(tree.get("split_type", [0] * n_nodes))
    if len(kinds) != n_nodes or kinds.any():
        raise ValueError("splits by category")


def _check_branches(trees: Sequence[Mapping[str, Any]], n_features: int) -> None:
    """Walk from all roots: each node is reached once, and splits by a feature that is there."""
    sizes = np.array([len(tree["left_children"]) for tree in trees], dtype=np.int64)
    first = np.repeat(np.cumsum(sizes) - sizes, sizes)
    size = np.repeat(sizes, sizes)

    def joined(name: str) -> npt.NDArray[np.int64]:
        return np.concatenate([_integers(tree[name]) for tree in trees])

    left, right, parents = joined("left_children"), joined("right_children"), joined("parents")
    features = joined("split_indices")
    reached = np.zeros(len(first), dtype=bool)
    nodes = np.unique(first)
    while len(nodes):
        if reached[nodes].any():
            raise ValueError("branches that meet")
        reached[nodes] = True
        if ((left[nodes] == LEAF) != (right[nodes] == LEAF)).any():
            raise ValueError("a node with one branch")
        inner = nodes[left[nodes] != LEAF]
        if ((features[inner] < 0) | (features[inner] >= n_features)).any():
            raise ValueError("a split by a feature that is not there")
        above = np.concatenate([inner, inner])
        below = np.concatenate([left[inner], right[inner]])
        if ((below <= 0) | (below >= size[above])).any():
            raise ValueError("branches to nodes that are not there")
        nodes = below + first[above]
        if len(np.unique(nodes)) != len(nodes) or (parents[nodes] != above - first[above]).any():
            raise ValueError("a node of another parent")


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"{value!r} instead of a number")
    if isinstance(value, str) and not (value.isascii() and value.lstrip("-").isdigit()):
        raise ValueError(f"{value!r} instead of a number")
    if len(str(value)) > 18:
        raise ValueError("a number without bound")
    return int(value)


def _numbers(values: Any) -> npt.NDArray[Any]:
    if not isinstance(values, np.ndarray | list):
        raise ValueError(f"{type(values).__name__} instead of numbers")
    array = np.asarray(values)
    if not len(values):
        return np.empty(0, dtype=np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iufb":
        raise ValueError("a list that is not of numbers")
    return array


def _integers(values: Sequence[int] | npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    array = _numbers(values)
    if array.dtype.kind not in "iub":
        raise ValueError("a list that is not of whole numbers")
    return array.astype(np.int64)
