"""Classes that a training set is too small for: which, and why."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from scope.config.classes import ClassDefinition
from scope.errors import InputError
from scope.tasks.variables.training_sets.read_training_set import training_columns
from scope.tasks.variables.training_sets.training_data import TrainingData, label_columns

logger = logging.getLogger(__name__)

Reasons = dict[str, str]
"""Tag of a class -> why it is not trained."""


def left(
    definitions: Sequence[ClassDefinition], skipped: Mapping[str, str]
) -> list[ClassDefinition]:
    """Return the classes that are not skipped."""
    return [item for item in definitions if item.tag not in skipped]


def absent_labels(path: str | Path, definitions: Sequence[ClassDefinition]) -> Reasons:
    """Return the classes whose labels a training set does not have.

    Raises
    ------
    NotFoundError, CorruptFileError
        If it cannot be read.
    """
    names = set(training_columns(path))
    absent = {
        item.tag: [n for n in label_columns([item]) if n not in names] for item in definitions
    }
    return {
        tag: f"the training set has no column {', '.join(map(repr, columns))}"
        for tag, columns in absent.items()
        if columns
    }


def rare_classes(
    data: TrainingData, definitions: Sequence[ClassDefinition], min_count: int
) -> Reasons:
    """Return the classes without more than `min_count` positive rows."""
    found = {}
    for item in definitions:
        count = int((data.labels[item.label] > item.threshold).sum())
        if count <= min_count:
            found[item.tag] = f"{count} positive rows, more than {min_count} are needed"
    return found


def tell_skipped(skipped: Mapping[str, str], definitions: Sequence[ClassDefinition]) -> None:
    """Report what is skipped, as a table.

    Raises
    ------
    InputError
        If no class is left.
    """
    if len(skipped) == len(definitions):
        raise InputError(
            "no class can be trained",
            value="; ".join(f"{tag}: {why}" for tag, why in skipped.items()) or "no classes",
            todo="add labelled stars, or lower training.min_count",
        )
    if skipped:
        logger.warning("%s", skipped_table(skipped))


def skipped_table(skipped: Mapping[str, str]) -> str:
    """Return which classes were skipped and why, a line each."""
    lines = [f"{'skipped':<8} why"]
    return "\n".join([*lines, *(f"{tag:<8} {why}" for tag, why in skipped.items())])
