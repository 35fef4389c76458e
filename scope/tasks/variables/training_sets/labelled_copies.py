"""Copies of labelled light curves in files: what is known of them."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.config.classes import CLASSES
from scope.io import read_table, write_table
from scope.surveys.label_map import NOT_VARIABLE
from scope.surveys.twins import KINDS as TWINS
from scope.surveys.twins import VARIABLE
from scope.tasks.variables.training_sets.read_labels import Labels

Floats = npt.NDArray[np.float32]

CUT = 0.5
"""A light curve with a probability above has a label, for the rules of its copies."""


def write_truth(labels: Labels, path: str | Path) -> None:
    """Write labels as a truth table, which `scope.surveys.twins.make_twins` reads.

    A light curve has those that follow from its labels as well: who is labelled as an RR Lyrae
    star is variable, whether the files say so or not.
    """
    above = _labels_above()
    positive: list[set[str]] = [set() for _ in labels.ids]
    unknown: list[list[str]] = [[] for _ in labels.ids]
    for name, values in labels.columns.items():
        for line in np.flatnonzero(values > CUT):
            positive[line] |= {name, *above[name]}
        for line in np.flatnonzero(np.isnan(values)):
            unknown[line].append(name)
    table = {
        "objectid": labels.ids,
        "sourceid": [str(star) for star in labels.stars],
        "survey": [str(survey) for survey in labels.surveys],
        "labels": pa.array([sorted(names) for names in positive], pa.list_(pa.string())),
        "unknown": pa.array(unknown, pa.list_(pa.string())),
    }
    write_table(pa.table(table), path, {})


def with_copies(labels: Labels, truths: list[Path]) -> Labels:
    """Return labels of light curves and of their copies.

    Thinned copies have the probabilities of their parents. Twins have 1 for ``non-variable``,
    a column that is there then wherever ``variable`` is.

    Parameters
    ----------
    labels : Labels
    truths : list of path
        Of the copies, as `make_twins` writes them.
    """
    lines = [line for path in truths for line in read_table(path).to_pylist()]
    parents = np.array([line["parent"] for line in lines], dtype=np.int64)
    place = labels.find(parents)
    columns = dict(labels.columns)
    if VARIABLE in columns and NOT_VARIABLE not in columns:
        columns[NOT_VARIABLE] = np.full(len(labels.ids), np.nan, np.float32)
    own: dict[str, Floats] = {name: np.zeros(len(lines), np.float32) for name in columns}
    for row, line in enumerate(lines):
        if line["copy"] in TWINS:
            for names, value in ((line["labels"], 1.0), (line["unknown"], np.nan)):
                for name in own.keys() & set(names):
                    own[name][row] = value
        else:
            for name, values in columns.items():
                own[name][row] = values[place[row]]
    ids = np.concatenate([labels.ids, [line["objectid"] for line in lines]]).astype(np.int64)
    order = np.argsort(ids, kind="stable")
    kinds = np.array([line["copy"] for line in lines], dtype=object)
    return Labels(
        ids[order],
        np.concatenate([labels.stars, labels.stars[place]])[order],
        np.concatenate([labels.surveys, labels.surveys[place]])[order],
        {name: np.concatenate([columns[name], own[name]])[order] for name in columns},
        np.concatenate([labels.parents, parents])[order],
        np.concatenate([labels.copies, kinds])[order],
    )


def _labels_above() -> dict[str, set[str]]:
    """Return the labels that follow from each, by the tree of classes."""
    tags = {item.tag: item for item in CLASSES}
    above: dict[str, set[str]] = defaultdict(set)
    for item in CLASSES:
        parent = item.parent
        while parent is not None:
            above[item.label].add(tags[parent].label)
            parent = tags[parent].parent
    return above
