"""Damaged files of trees are refused in one line; none ends the process, as XGBoost would."""

from __future__ import annotations

import json
import multiprocessing
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost

from scope.errors import BundleError
from scope.models.trees.boosted_trees import TreeEnsemble
from scope.models.trees.tree_file import check_tree_file, check_trees
from scope.models.trees.ubjson import read_ubjson

NAMES = list("abcdef")


@pytest.fixture(scope="module")
def booster() -> xgboost.Booster:
    rng = np.random.default_rng(0)
    rows = rng.random((300, 6))
    target = (rows[:, 0] + rows[:, 1] * rows[:, 2] > 0.7).astype(int)
    matrix = xgboost.DMatrix(rows, target, feature_names=NAMES)
    return xgboost.train({"objective": "binary:logistic", "max_depth": 4}, matrix, 5)


def plain(value: Any) -> Any:
    """Return arrays as lists."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, np.ndarray | list):
        return [plain(part) for part in (value.tolist() if hasattr(value, "tolist") else value)]
    return value


def single(value: Any) -> Any:
    """Return numbers with a fraction as they are in single precision."""
    if isinstance(value, dict):
        return {name: single(part) for name, part in value.items()}
    if isinstance(value, list):
        return [single(part) for part in value]
    return float(np.float32(value)) if isinstance(value, float) else value


def test_ubjson_says_what_the_json_of_xgboost_says(booster: xgboost.Booster) -> None:
    found = plain(read_ubjson(bytes(booster.save_raw("ubj"))))
    assert single(found) == single(json.loads(booster.save_raw("json")))


def test_whole_models_are_read(booster: xgboost.Booster, tmp_path: Path) -> None:
    for suffix in ("ubj", "json"):
        booster.save_model(tmp_path / f"model.{suffix}")
        check_tree_file(tmp_path / f"model.{suffix}")
    for path in sorted(Path("models/xgb/starter").glob("*.ubj"))[:3]:
        check_tree_file(path)


def _put(path: str, value: Any) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        *way, last = [int(part) if part.isdigit() else part for part in path.split("/")]
        for part in way:
            model = model[part]
        model[last] = value

    return change


TREE = "learner/gradient_booster/model/trees/1"
CHANGES: dict[str, tuple[Callable[[Any], None], str]] = {
    "a child beyond the tree": (_put(f"{TREE}/left_children/0", 10**6), "nodes that are not there"),
    "a child before it": (_put(f"{TREE}/right_children/0", -7), "nodes that are not there"),
    "a node that leads to itself": (_put(f"{TREE}/left_children/1", 1), "another parent|meet"),
    "one branch": (_put(f"{TREE}/left_children/0", -1), "one branch"),
    "a feature that is not there": (_put(f"{TREE}/split_indices/0", 6), "feature that is not"),
    "a short list": (_put(f"{TREE}/split_conditions", [0.5]), "1 split_conditions of"),
    "no list": (_put(f"{TREE}/split_conditions", "text"), "str instead of numbers"),
    "texts in a list": (_put(f"{TREE}/parents/0", "text"), "not of numbers"),
    "many nodes": (_put(f"{TREE}/tree_param/num_nodes", "9999999999"), "nodes"),
    "no number": (_put(f"{TREE}/tree_param/num_nodes", "1e3"), "instead of a number"),
    "splits by category": (_put(f"{TREE}/split_type/0", 1), "category"),
    "categories": (_put(f"{TREE}/categories", [1]), "category"),
    "a missing part": (lambda model: model["learner"].pop("objective"), "objective"),
    "more trees": (_put("learner/gradient_booster/model/gbtree_model_param/num_trees", "9"), "9"),
    "another output": (_put("learner/gradient_booster/model/tree_info/0", 3), "other outputs"),
    "other rounds": (_put("learner/gradient_booster/model/iteration_indptr/5", 8), "rounds"),
    "another booster": (_put("learner/gradient_booster/name", "dart"), "dart"),
    "more features": (_put("learner/learner_model_param/num_feature", "9"), "6 feature_names of 9"),
    "a number for a text": (_put("learner/learner_model_param/base_score", 0.5), "no texts"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_parts_that_do_not_fit_are_named(booster: xgboost.Booster, name: str) -> None:
    model = json.loads(booster.save_raw("json"))
    check_trees(model)
    change, message = CHANGES[name]
    change(model)
    with pytest.raises((ValueError, KeyError), match=message):
        check_trees(model)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b"[#L" + struct.pack(">q", 2**62),
        b"[$d#L" + struct.pack(">q", 2**62),
        b"[$d#L" + struct.pack(">q", -1),
        b"SL" + struct.pack(">q", -1),
        b"[#L" + struct.pack(">q", 2) + b"[#L" * 3,
        b"{L" + struct.pack(">q", 1) + b"a" + b"{L" * 50,
        b"ZZ",
        b"x",
    ],
)
def test_bytes_that_are_no_ubjson_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError):
        read_ubjson(content)


def damaged(content: bytes, seed: int) -> bytes:
    """Return a file that is cut short, has bytes or a bit changed, or lost a piece."""
    rng = np.random.default_rng(seed)
    kind, out = seed % 4, bytearray(content)
    if kind == 0:
        return bytes(out[: rng.integers(len(out))])
    if kind == 1:
        for place in rng.integers(0, len(out), rng.integers(1, 6)):
            out[place] = rng.integers(256)
    elif kind == 2:
        out[rng.integers(len(out))] ^= 1 << rng.integers(8)
    else:
        start = rng.integers(len(out))
        del out[start : start + rng.integers(1, 64)]
    return bytes(out)


def score_damaged(content: bytes, path: Path, seeds: range, outcomes: Any) -> None:
    """Load and use damaged files; runs in a process of its own, which a fault would end."""
    rows = np.random.default_rng(1).random((20, 6), dtype=np.float32)
    for seed in seeds:
        path.write_bytes(damaged(content, seed))
        try:
            TreeEnsemble(path, NAMES).predict(rows, rows)
            outcomes.put("read")
        except BundleError as error:
            outcomes.put("refused" if "\n" not in str(error) else "lines")


@pytest.mark.parametrize("suffix", ["ubj", "json"])
def test_no_damaged_file_ends_the_process(
    booster: xgboost.Booster, tmp_path: Path, suffix: str
) -> None:
    seeds = range(400)
    # A fork would take along locks that threads of this process hold, and wait for them for ever.
    context = multiprocessing.get_context("spawn")
    outcomes = context.Queue()
    arguments = (bytes(booster.save_raw(suffix)), tmp_path / f"m.{suffix}", seeds, outcomes)
    process = context.Process(target=score_damaged, args=arguments)
    process.start()
    found = [outcomes.get(timeout=120) for _ in seeds]
    process.join()
    assert process.exitcode == 0
    assert set(found) == {"read", "refused"}
    assert found.count("refused") > 200
