"""Labelled stars that no training saw, and whether probabilities of mixes are true."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from scope.config import load_config
from scope.io import read_table
from scope.lightcurves import LightCurves
from scope.lightcurves.cleaning import CleaningOptions, clean
from scope.lightcurves.files import iter_raw_lightcurves
from scope.models.evaluation.held_out_metrics import reliability
from scope.models.training.splits import TEST, split_by_star
from scope.surveys.labelled_sets import LIGHT_CURVES
from scope.surveys.resample_labelled import TRUTH, resample_labelled

ROOT = Path(__file__).resolve().parents[2]
LEAST_POSITIVE = 20
FIELD_SHARE = 0.1
"""Of labelled stars in a mix like a field."""

CONSTANT = (frozenset[str](), frozenset[str]())
"""Truth of white noise: it is of no class."""

Truth = Mapping[int, tuple[frozenset[str], frozenset[str]]]
"""Id -> labels that the star has, and labels that it may have or not."""


def labelled_curves(
    data: Path, options: argparse.Namespace, scratch: Path
) -> tuple[LightCurves, Truth]:
    """Return the light curves of labelled stars that every training keeps out, and their truth.

    They are made like those of ZTF as in training; the split is by the hash of the name.
    """
    folder = scratch / f"labelled_{options.stars}"
    labelled = load_config(root=ROOT).training.labelled
    if not (folder / TRUTH).exists():
        resample_labelled(
            data,
            folder,
            sets=labelled.sets,
            label_map=ROOT / "config" / labelled.label_map,
            # The first of a class by the hash of their names: of four, one is held out.
            most_stars=round(options.stars / options.test_size),
            seed=labelled.seed,
        )
    table = read_table(folder / TRUTH)
    sets = split_by_star(table.column("sourceid").to_pylist(), test_size=options.test_size)
    held = table.filter(pa.array(sets == TEST)).to_pylist()
    truth = {row["objectid"]: (frozenset(row["labels"]), frozenset(row["unknown"])) for row in held}
    parts = []
    for _, raw in iter_raw_lightcurves(folder / LIGHT_CURVES, flags=False):
        cleaned, _ = clean(raw, CleaningOptions())
        chosen = np.isin(cleaned.ids, list(truth)) & (cleaned.n_epochs > 0)
        parts.append(cleaned.take(np.flatnonzero(chosen)))
    return LightCurves.concatenate(parts), truth


def print_mix(
    name: str,
    catalog: pa.Table,
    truth: Truth,
    tags: Sequence[str],
    *,
    labelled: Collection[int] = (),
) -> None:
    """Print calibration error and Brier skill per class and algorithm.

    A row without truth is shuffled: it is of no class, and whether it is of `vnv` is not known.
    With `labelled`, these are one row in ten, and the others nine.
    """
    ids = catalog.column("_id").to_numpy()
    rows = np.arange(len(ids))
    if labelled:
        rows = _field_rows(np.array([int(one) in labelled for one in ids]))
    print(f"\n## {name}: {len(rows)} rows\n")
    print(
        "| class | positive | ECE _p | DNN | XGB | _p_train "
        "| Brier skill _p | DNN | XGB | _p_train |"
    )
    print("|---" * 10 + "|")
    labels = {item.tag: item.label for item in load_config(root=ROOT).class_definitions()}
    for tag in tags:
        known, target = _target(ids[rows], truth, labels[tag], tag)
        if target[known].sum() < LEAST_POSITIVE:
            continue
        found = []
        for end in ("_p", "_dnn_p", "_xgb_p", "_p_train"):
            if tag + end in catalog.column_names:
                values = catalog.column(tag + end).to_numpy()[rows][known]
                found.append(reliability(target[known], values))
        errors = [f"{item['expected_calibration_error']:.3f}" for item in found]
        skills = [f"{item['brier']['skill']:.3f}" for item in found]
        print(f"| {tag} | {target[known].sum()} | " + " | ".join([*errors, *skills]) + " |")


def _field_rows(is_labelled: np.ndarray) -> np.ndarray:
    """Return rows of which one in ten is of a labelled star."""
    stars, others = np.flatnonzero(is_labelled), np.flatnonzero(~is_labelled)
    wanted = round(len(others) * FIELD_SHARE / (1 - FIELD_SHARE))
    drawn = np.random.default_rng(0).permutation(stars)[:wanted]
    return np.sort(np.concatenate([drawn, others]))


def _target(ids: np.ndarray, truth: Truth, label: str, tag: str) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows are judged for a class, and which are of it."""
    nothing = (frozenset[str](), frozenset(["variable"]))
    lines = [truth.get(int(one), nothing) for one in ids]
    known = np.array([label not in line[1] for line in lines])
    return known, np.array([label in line[0] for line in lines])
