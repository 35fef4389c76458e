"""Scores of a round: what its members say together, and how far they can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scope.active.calibrate import (
    expected_calibration_error,
    fit_temperature,
    wrong_by_certainty,
)
from scope.active.members import read_members
from scope.active.summary import Summary, out_of_bag, summarise

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]

OF_SUMMARY = (
    *("entropy", "member_entropy", "mutual_information", "vote_entropy", "margin"),
    *("least_confidence", "spread", "n_members"),
)
FOLDS = 5


def score_round(
    members: Sequence[str | Path],
    labels: str | Path,
    output: str | Path,
    classes: Sequence[str],
) -> None:
    """Write the summary of the members, and how far they can be trusted.

    Objects with labels are judged by the members that did not learn from them, with a
    calibration that did not see them either. Where all members learnt from all labels (seeds,
    dropout) there is no calibration.

    Parameters
    ----------
    members, labels : path
        Of the round.
    classes : sequence of str
        In the order of the probabilities.
    """
    from scope.io.frames import read_parquet, write_parquet

    p, bag, objects = read_members(members, classes)
    summary = summarise(p)
    known = read_parquet(labels)
    rows, y = labelled_rows(objects, known, classes)
    out = summarise(out_of_bag(p[rows], bag[rows])).mean
    spoke = np.isfinite(out).all(axis=1)
    held = np.isin(objects[rows].astype(str), known["object"][known["held_out"]].astype(str))
    facts: dict[str, Any] = {"labels": len(known), "out_of_bag": int(spoke.sum())}
    frame = _frame(summary, objects, classes)
    learnt = spoke & ~held
    if len(np.unique(y[learnt])) > 1:
        fitted = fit_temperature(out[learnt], y[learnt])
        honest = calibrated_apart(out[spoke], y[spoke], objects[rows][spoke])
        certain, doubtful = wrong_by_certainty(honest, y[spoke])
        facts |= {
            "temperature": round(fitted.temperature, 6),
            "ece_out_of_bag": round(expected_calibration_error(honest, y[spoke]), 6),
            "wrong_among_most_certain": round(certain, 6),
            "wrong_among_least_certain": round(doubtful, 6),
        }
        calibrated = fitted(np.nan_to_num(summary.mean, nan=1 / len(classes)))
        for k, name in enumerate(classes):
            frame[f"calibrated_{name}"] = calibrated[:, k]
    if held.any():
        right = summary.mean[rows[held]].argmax(axis=1) == y[held]
        facts |= {"held_out": int(held.sum()), "accuracy_held_out": round(float(right.mean()), 6)}
    frame.attrs.update(facts)
    write_parquet(frame, output)


def labelled_rows(
    objects: npt.NDArray[Any], labels: pd.DataFrame, classes: Sequence[str]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the rows of objects with labels, and their classes.

    `objects`: (n,) array; the result: (l,) int64 both, classes as positions in `classes`.
    """
    order = list(classes)
    sure = labels[(labels["weight"] >= 0.5) & labels["label"].isin(order)]
    y_of = dict(zip(sure["object"].astype(str), sure["label"].map(order.index), strict=True))
    names = objects.astype(str)
    rows = np.flatnonzero(np.isin(names, np.array(sorted(y_of), dtype=str)))
    return rows, np.array([y_of[name] for name in names[rows]], dtype=np.int64)


def class_quality(p: npt.NDArray[np.floating], y: npt.NDArray[np.int64]) -> Floats:
    """Return the average precision of each class by members that did not learn from a row.

    Parameters
    ----------
    p : (n, m, k) array
        NaN where a member learnt from the row.
    y : (n,) int64

    Returns
    -------
    (k,) float64
        NaN for classes without an example, and where no member is out of bag.
    """
    from sklearn.metrics import average_precision_score

    mean = summarise(p).mean
    spoke = np.isfinite(mean).all(axis=1)
    found = np.full(p.shape[2], np.nan)
    for k in range(p.shape[2]):
        if (y[spoke] == k).any():
            found[k] = average_precision_score(y[spoke] == k, mean[spoke, k])
    return found


def calibrated_apart(
    p: npt.NDArray[np.floating],
    y: npt.NDArray[np.int64],
    objects: npt.NDArray[Any],
    seed: int = 0,
) -> Floats:
    """Return probabilities that are calibrated by other objects, (n, k).

    A calibration looks better on what it was fitted to: each fifth of the objects is calibrated
    by the other four.

    Parameters
    ----------
    p : (n, k) array
    y : (n,) int64
    objects : (n,) array
        Rows of an object are in one part.
    """
    names, which = np.unique(objects.astype(str), return_inverse=True)
    fold = np.random.default_rng(seed).permutation(len(names))[which] % FOLDS
    found = np.full(p.shape, np.nan)
    for part in range(FOLDS):
        inside = fold == part
        if inside.any() and (~inside).any():
            found[inside] = fit_temperature(p[~inside], y[~inside])(p[inside])
    return np.where(np.isfinite(found), found, p)


def _frame(summary: Summary, objects: npt.NDArray[Any], classes: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    columns: dict[str, Any] = {"object": objects}
    columns |= {f"mean_{name}": summary.mean[:, k] for k, name in enumerate(classes)}
    columns |= {f"votes_{name}": summary.votes[:, k] for k, name in enumerate(classes)}
    columns |= {name: getattr(summary, name) for name in OF_SUMMARY}
    return pd.DataFrame(columns)
