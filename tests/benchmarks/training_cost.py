"""What it takes to train 44 classes by both algorithms on 20,000 light curves.

    python -m tests.benchmarks.training_cost [--measured TRAINING_SET --classes rrab ea ceph]

With `--measured`: trains these classes to the end on a training set, with the batch sizes,
passes, patience, folds and grids of `config/config.yaml`, and says what each took.

Without: measures, on random numbers of the right shapes and with one thread, the rows that a
network learns from in a second of CPU time, at several batch sizes, and the trees of one
class; says what follows for all classes. Time does not depend on the numbers, only on how
many passes there are until validation stars stop a training: as many as allowed are counted.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from scope.config import Config, load_config
from scope.config.classes import ClassDefinition
from scope.models.algorithm import find_algorithm
from scope.models.networks.two_branch import NetworkOptions
from scope.models.training.class_examples import Examples
from scope.models.training.splits import star_folds
from scope.models.trees.boosted_trees import TreeOptions, cross_validated
from scope.tasks.variables.training.train_bundle import train_bundle
from scope.tasks.variables.training.training_settings import training_settings

ROWS = 20_000
LEARNT = 0.81
"""Part of the rows that training sees: 10 % are for the test, 10 % of the others for validation."""

N_FEATURES = 61
N_CLASSES = 44
FAST_EPOCHS = 25
CONFIG_EPOCHS = 100
TIMED_ROWS = {256: 4096, 64: 2048, 32: 1024, 16: 1024, 8: 512, 4: 512, 2: 256}
"""Batch size -> rows that are timed."""

CANDIDATES = 9 + 9 + 4 + 25 + 25
"""Of the grid search, at most."""


def main() -> None:
    """Print what was measured and what follows."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--measured", type=Path, metavar="TRAINING_SET")
    parser.add_argument("--classes", nargs="+", default=["rrab", "ea", "ceph"])
    options = parser.parse_args()
    if options.measured is None:
        estimate()
    else:
        measure(options.measured, options.classes)


def measure(training_set: Path, tags: list[str]) -> None:
    """Train classes to the end with the configuration's own settings; print CPU times."""
    config = load_config()
    settings = {**training_settings(config), "group": "cost", "about": "", "limits": ""}
    n_folds = config.training.calibration.n_folds
    searching = {**settings["options"]["xgb"], "skip_cv": False}
    kinds: dict[str, tuple[str, dict[str, Any]]] = {
        "network": ("dnn", {"calibration": None}),
        "trees": ("xgb", {"calibration": None}),
        f"trees, and {n_folds} folds": ("xgb", {}),
        "trees, grid search": ("xgb", {"calibration": None, "options": {"xgb": searching}}),
    }
    print("| class | batch | passes | " + " | ".join(f"{name} [s]" for name in kinds) + " |")
    print("|---" * (3 + len(kinds)) + "|")
    for definition in config.class_definitions(tuple(tags)):
        seconds, passes = [], 0
        for algorithm, changes in kinds.values():
            with tempfile.TemporaryDirectory() as scratch:
                arguments = {**settings, **changes, "definitions": [definition]}
                start = _all_cpu()
                bundle = train_bundle(
                    training_set, Path(scratch) / "bundle", algorithm=algorithm, **arguments
                )
                seconds.append(_all_cpu() - start)
                if algorithm == "dnn":
                    metrics = json.loads((bundle.folder / "metrics.json").read_text())
                    passes = len(metrics["training"][definition.tag]["history"]["loss"])
        cells = " | ".join(f"{value:.0f}" for value in seconds)
        print(f"| {definition.tag} | {definition.batch_size} | {passes} | {cells} |", flush=True)


def _all_cpu() -> float:
    """Return the CPU time of this process and of those that it has waited for [s]."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def estimate() -> None:
    """Print rates, and what follows for all classes."""
    os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3")
    find_algorithm("dnn").prepare("cpu")
    both = {size: network_rate(size, NetworkOptions()) for size in TIMED_ROWS}
    features = network_rate(256, NetworkOptions(conv_branch=False), 16384)
    print("| network, batch | rows per CPU second |\n|---|---|")
    for size, rate in both.items():
        print(f"| both branches, {size} | {rate:.0f} |")
    print(f"| features alone, 256 | {features:.0f} |\n")
    trees, candidate = tree_seconds()
    print(f"Trees of one class, {ROWS * LEARNT:.0f} rows, 60 rounds: {trees:.2f} s.")
    print(f"One candidate of the grid search, 5 folds: {candidate:.2f} s.\n")
    fast = N_CLASSES * (ROWS * LEARNT * FAST_EPOCHS / both[256] + trees) / 60
    print(f"Fast (batch 256, {FAST_EPOCHS} passes, no grid search, no folds):")
    print(f"{fast:.0f} min of CPU, {fast / 2:.0f} min on two cores.\n")
    own = own_settings_hours(both)
    search = N_CLASSES * CANDIDATES * candidate / 3600
    print(f"The configuration's own batch sizes and {CONFIG_EPOCHS} passes, without folds:")
    print(f"{own:.0f} h of CPU for the networks; the grid search: {search:.1f} h.")


def network_rate(size: int, options: NetworkOptions, n_rows: int | None = None) -> float:
    """Return the rows that a network learns from in a second of CPU time."""
    from scope.models.networks.two_branch_trainer import NetworkTrainer

    rows = drawn(n_rows or TIMED_ROWS[size])
    definition = ClassDefinition("x", "x", "ontological", batch_size=size, epochs=1)
    trainer = NetworkTrainer(N_FEATURES, definition, options=options)
    trainer.fit(rows.take(np.arange(4 * size)), rows.take(np.arange(64)))
    return len(rows) / _seconds(lambda: trainer.fit(rows, rows.take(np.arange(64))))


def tree_seconds() -> tuple[float, float]:
    """Return the seconds of the trees of a class, and of one candidate of the search."""
    import xgboost

    rows = drawn(int(ROWS * LEARNT))
    matrix = xgboost.DMatrix(rows.features, rows.target, nthread=1)
    fixed = {"objective": "binary:logistic", "eval_metric": "logloss", "seed": 1, "nthread": 1}
    folds = star_folds(rows.stars, 5)
    trees = _seconds(lambda: xgboost.train({**fixed, "max_depth": 3, "eta": 0.3}, matrix, 60))
    return trees, _seconds(lambda: cross_validated(matrix, folds, TreeOptions(), fixed))


def own_settings_hours(rates: Mapping[int, float]) -> float:
    """Return the hours of the released classes with their own batch sizes."""
    classes = [item for item in Config().class_definitions() if item.released]
    passes = ROWS * LEARNT * CONFIG_EPOCHS
    return sum(passes / rates[item.batch_size] for item in classes) / 3600


def drawn(n: int) -> Examples:
    """Return random examples with something to learn."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(n, N_FEATURES)).astype(np.float32)
    score = features[:, 0] + features[:, 1] * features[:, 2] + rng.normal(size=n)
    dmdt = rng.random((n, 676)).astype(np.float32)
    return Examples(features, dmdt, score > 1.5, np.arange(n))


def _seconds(action: Callable[[], object]) -> float:
    start = time.process_time()
    action()
    return time.process_time() - start


if __name__ == "__main__":
    main()
