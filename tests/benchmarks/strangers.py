"""What knows a light curve that is unlike all of training: a class left out, another survey.

    python -m tests.benchmarks.strangers --training RUN/results/training/starter.parquet
        [--labels "RR Lyrae" Cepheid EA AGN CV Mira] [--surveys s82_rrlyr eros_ramp] [--cut 0.02]

The training set is one of `snakemake train` with the configuration's settings of the starter
models. Of each left-out class, or survey, no row is seen by anything that is fitted: rows of
training stars fit, those of validation stars say what is usual, and so what a p-value is
(conformal, the largest of variables' and others', as in `scope.preprocessing.novelty`). Test
stars of the other classes give the false alarms. Four ways are compared:

    features   distance to the nearest training rows in the features (`ood_p` of a catalogue)
    embedding  the same in the margins of trees that tell the remaining classes apart
    certainty  one less the largest probability of these trees
    spread     mutual information between five sets of trees, each of other bootstrap stars

Prints the share of rows whose p-value is below the cut.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import xgboost
import yaml

from scope.config import load_config
from scope.io import read_metadata, read_table, write_table
from scope.models.training.splits import TEST, TRAIN, VALIDATION
from scope.preprocessing.frozen import Preprocessing
from scope.preprocessing.novelty import Novelty
from scope.tasks.variables.training.training_settings import training_settings
from scope.tasks.variables.training_sets.training_data import VARIABLE, load_training_data

ROOT = Path(__file__).resolve().parents[2]
Floats = npt.NDArray[np.float64]
PValue = Callable[[Floats], Floats]
LEAVES = (
    *("RR Lyrae ab", "RR Lyrae c", "Cepheid", "Cepheid type-II", "Delta Scu", "Mira", "SRV"),
    *("EA", "EB", "EW", "RS CVn", "ellipsoidal", "AGN", "CV", "YSO", "flaring", "dipping"),
    *("bogus", "transient"),
)
"""Labels that trees tell apart; a row is of the first that it has."""
N_MEMBERS = 5
N_ROUNDS = 40
SEED = 42


@dataclass(frozen=True)
class Known:
    """What was learnt without the left-out rows.

    Attributes
    ----------
    preprocessing : Preprocessing
    rows : dict of int to (n, k) float64
        Filled features of the rows of training, validation and test stars.
    classes : dict of int to (n,) int64
        Class of each, a number of `LEAVES`; one more for none of them.
    groups : (m,) int64
        Of the validation rows, 1 where the star varies, -1 where nobody knows.
    """

    preprocessing: Preprocessing
    rows: dict[int, Floats]
    classes: dict[int, npt.NDArray[np.int64]]
    groups: npt.NDArray[np.int64]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--training", type=Path, required=True)
    labels = ["RR Lyrae", "Cepheid", "EA", "AGN", "CV", "Mira"]
    parser.add_argument("--labels", nargs="*", default=labels)
    parser.add_argument("--surveys", nargs="*", default=["s82_rrlyr", "eros_ramp"])
    parser.add_argument("--cut", type=float, default=0.02)
    options = parser.parse_args()
    table = read_table(options.training)
    print("| left out | rows | " + " | ".join(WAYS) + " | false alarms, likewise |")
    print("|---" * (3 + len(WAYS)) + "|")
    for label in options.labels:
        out = _numbers(table, label) > 0.5
        print(_line(label, table, out, out, options), flush=True)
    for survey in options.surveys:
        # Copies that do not vary have its cadence, but nothing strange.
        out = np.array([one == survey for one in table.column("survey").to_pylist()])
        print(_line(survey, table, out, out & (_numbers(table, VARIABLE) > 0.5), options))


def _line(
    name: str,
    table: pa.Table,
    out: npt.NDArray[np.bool_],
    strange: npt.NDArray[np.bool_],
    options: argparse.Namespace,
) -> str:
    # Twins of left-out stars stay: they say nothing of the class.
    known = _known(table.filter(pa.array(~out)), read_metadata(options.training))
    filled = known.preprocessing.fill(table.filter(pa.array(strange)))
    rows = np.asarray(filled.values[filled.ok], dtype=np.float64)
    found, alarms = [], []
    for way in WAYS.values():
        p_value = way(known)
        found.append(f"{100 * np.mean(p_value(rows) < options.cut):.0f} %")
        alarms.append(f"{100 * np.mean(p_value(known.rows[TEST]) < options.cut):.1f}")
    return f"| {name} | {len(rows)} | " + " | ".join(found) + f" | {', '.join(alarms)} % |"


def _known(table: pa.Table, metadata: Mapping[str, Any]) -> Known:
    config = yaml.safe_load((ROOT / "config" / "starter.yaml").read_text())
    settings = training_settings(load_config(overrides=config, root=ROOT))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "training.parquet"
        write_table(table, path, metadata)
        data = load_training_data(
            path,
            settings["definitions"],
            features=sorted({name for names in settings["features"].values() for name in names}),
            impute=settings["impute"],
            period_suffix=settings["period_suffix"],
            options=settings["data"],
        )
    table = table.take(pa.array(data.row_numbers))
    values = np.asarray(data.preprocessing.fill(table).values, dtype=np.float64)
    member = np.array([_numbers(table, label) > 0.5 for label in LEAVES])
    classes = np.where(member.any(axis=0), member.argmax(axis=0), len(LEAVES))
    varies = _numbers(table, VARIABLE)[data.sets == VALIDATION]
    return Known(
        data.preprocessing,
        {one: values[data.sets == one] for one in (TRAIN, VALIDATION, TEST)},
        {one: classes[data.sets == one] for one in (TRAIN, VALIDATION, TEST)},
        np.where(np.isfinite(varies), varies > 0.5, -1).astype(np.int64),
    )


def _numbers(table: pa.Table, name: str) -> Floats:
    return np.asarray(table.column(name).to_numpy(), dtype=np.float64)


def _by_features(known: Known) -> PValue:
    novelty = known.preprocessing.novelty
    assert novelty is not None
    return novelty.p_value


def _by_embedding(known: Known) -> PValue:
    trees = _trees(known, SEED)
    margins = {one: _scores(trees, rows, True) for one, rows in known.rows.items()}
    names = [f"margin_{k}" for k in range(margins[TRAIN].shape[1])]
    novelty = Novelty.fit(names, margins[TRAIN], margins[VALIDATION], known.groups, seed=SEED)
    assert novelty is not None
    return lambda rows: novelty.p_value(_scores(trees, rows, True))


def _by_certainty(known: Known) -> PValue:
    trees = _trees(known, SEED)
    return _conformal(known, lambda rows: 1.0 - _scores(trees, rows, False).max(axis=1))


def _by_spread(known: Known) -> PValue:
    members = [_trees(known, SEED + k, bootstrap=True) for k in range(N_MEMBERS)]

    def spread(rows: Floats) -> Floats:
        p = np.array([_scores(trees, rows, False) for trees in members])
        return np.asarray(_entropy(p.mean(axis=0)) - _entropy(p).mean(axis=0))

    return _conformal(known, spread)


def _entropy(p: Floats) -> Floats:
    return np.asarray(-np.sum(p * np.log(np.maximum(p, 1e-12)), axis=-1))


def _conformal(known: Known, strangeness: PValue) -> PValue:
    """Return p-values from strangeness: the largest of those of each group of usual rows."""
    usual = strangeness(known.rows[VALIDATION])
    parts = [np.sort(usual[known.groups == group]) for group in (0, 1)]

    def p_value(rows: Floats) -> Floats:
        at = strangeness(rows)
        p = [(1 + len(u) - np.searchsorted(u, at, "left")) / (1 + len(u)) for u in parts if len(u)]
        return np.max(p, axis=0)

    return p_value


def _trees(known: Known, seed: int, bootstrap: bool = False) -> xgboost.Booster:
    """Train trees that tell the remaining classes apart."""
    rows, classes = known.rows[TRAIN], known.classes[TRAIN]
    if bootstrap:
        drawn = np.random.default_rng(seed).integers(0, len(rows), len(rows))
        rows, classes = rows[drawn], classes[drawn]
    options = {
        "objective": "multi:softprob",
        "num_class": len(LEAVES) + 1,
        "max_depth": 5,
        "eta": 0.3,
        "tree_method": "hist",
        "max_bin": 64,
        "subsample": 0.7,
        "seed": seed,
        "nthread": 1,
    }
    return xgboost.train(options, xgboost.DMatrix(rows, classes), N_ROUNDS)


def _scores(trees: xgboost.Booster, rows: Floats, margin: bool) -> Floats:
    scores = trees.predict(xgboost.DMatrix(rows), output_margin=margin)
    return np.asarray(scores, dtype=np.float64)


WAYS: Mapping[str, Callable[[Known], PValue]] = {
    "features": _by_features,
    "embedding": _by_embedding,
    "certainty": _by_certainty,
    "spread": _by_spread,
}


if __name__ == "__main__":
    main()
