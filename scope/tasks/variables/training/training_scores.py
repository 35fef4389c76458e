"""The scores of a training set by models that did not see the star, class by class.

Training rows have out-of-fold scores, all other rows those of the models that went into the
bundle. Calibration and fusion learn from the former, evaluation from the scores of test
rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.errors import InputError
from scope.io import read_metadata, read_table, write_table
from scope.models.calibration.class_calibration import OutOfFold
from scope.models.evaluation.held_out_metrics import Judged
from scope.models.training.splits import SETS, TRAIN
from scope.provenance import record
from scope.schema import Column, arrow_schema
from scope.tasks.variables.training_sets.training_data import SLICE_COLUMNS, TrainingData


@dataclass(frozen=True)
class ClassScores:
    """Scores of all rows for one class.

    Attributes
    ----------
    target : (n,) bool
        Whether the row is of the class.
    member : (n,) bool
        Whether the row is an example of the class or of what is not the class.
    scores : (n,) float32
        NaN in training rows without an out-of-fold score.
    score_prevalence : float
        See `OutOfFold`.
    """

    target: npt.NDArray[np.bool_]
    member: npt.NDArray[np.bool_]
    scores: npt.NDArray[np.float32]
    score_prevalence: float


@dataclass(frozen=True)
class TrainingScores:
    """Scores of all classes, and what rows are told apart by.

    Attributes
    ----------
    row_numbers : (n,) int64
        Of the training set.
    stars : (n,) int64
        Of the star, or of the block of the sky if such were split: what counts as one draw.
    sets : (n,) int8
    slices : dict of str to (n,) float64
    classes : dict of class tag to ClassScores
    observed : (n,) bool or None
        Which rows are not simulated; None where the training set does not tell.
    """

    row_numbers: npt.NDArray[np.int64]
    stars: npt.NDArray[np.int64]
    sets: npt.NDArray[np.int8]
    slices: Mapping[str, npt.NDArray[np.float64]]
    classes: Mapping[str, ClassScores]
    observed: npt.NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, data: TrainingData, classes: Mapping[str, ClassScores]) -> TrainingScores:
        """Return the scores of classes with what `data` knows about their rows."""
        return cls(data.row_numbers, data.groups, data.sets, data.slices, classes, data.observed)

    def judged(self, tag: str, number: int, *, observed: bool = False) -> Judged:
        """Return the scored rows of a class in one of the `SETS`, or those not simulated."""
        part = self.classes[tag]
        here = self.scored(tag, number)
        if observed and self.observed is not None:
            here &= self.observed
        slices = {name: values[here] for name, values in self.slices.items()}
        return Judged(part.target[here], part.scores[here], self.stars[here], slices)

    def scored(self, tag: str, number: int) -> npt.NDArray[np.bool_]:
        """Return which rows are examples of a class in one of the `SETS` and have a score.

        (n,) bool.
        """
        part = self.classes[tag]
        return part.member & (self.sets == number) & np.isfinite(part.scores)

    def out_of_fold(self, tag: str) -> OutOfFold:
        """Return the training rows of a class; none where it was not scored out of fold."""
        rows = self.judged(tag, TRAIN)
        prevalence = self.classes[tag].score_prevalence
        observed = None if self.observed is None else self.observed[self.scored(tag, TRAIN)]
        return OutOfFold(rows.scores, rows.target, rows.stars, prevalence, observed)

    def write(
        self, path: str | Path, algorithm: str, bundle: Mapping[str, str], **facts: Any
    ) -> None:
        """Write all scores as a table, one row per row of the training set."""
        names = ["row", "star", "set", "observed", *self.slices]
        arrays: list[pa.Array] = [
            pa.array(self.row_numbers),
            pa.array(self.stars),
            pa.array([SETS[number] for number in self.sets], pa.string()),
            pa.nulls(len(self.sets), pa.bool_())
            if self.observed is None
            else pa.array(self.observed),
            *(pa.array(values, mask=~np.isfinite(values)) for values in self.slices.values()),
        ]
        for tag, part in self.classes.items():
            names += [tag, f"{tag}_{algorithm}"]
            arrays += [
                pa.array(part.target, mask=~part.member),
                pa.array(part.scores, mask=~np.isfinite(part.scores)),
            ]
        prevalences = {tag: part.score_prevalence for tag, part in self.classes.items()}
        metadata = record(
            "training_scores",
            algorithm=algorithm,
            bundle=dict(bundle),
            score_prevalence=prevalences,
            **facts,
        )
        schema = arrow_schema(score_columns(algorithm, list(self.classes), list(self.slices)))
        write_table(pa.table(dict(zip(names, arrays, strict=True))).cast(schema), path, metadata)

    @classmethod
    def read(cls, path: str | Path) -> tuple[TrainingScores, dict[str, Any]]:
        """Read what `write` wrote; returns the record of the file too.

        Raises
        ------
        InputError
            If the file is no such table.
        """
        facts = read_metadata(path)
        if "score_prevalence" not in facts:
            raise InputError(
                "file without the scores of a training set",
                value=str(path),
                allowed="what training writes as results/training_scores/<algorithm>/…",
            )
        table = read_table(path)
        numbers = {name: number for number, name in enumerate(SETS)}
        slices = {
            name: _numpy(table, name).astype(np.float64)
            for name in SLICE_COLUMNS
            if name in table.schema.names
        }
        classes = {}
        for tag, prevalence in facts["score_prevalence"].items():
            classes[tag] = ClassScores(
                table.column(tag).fill_null(False).to_numpy(),
                table.column(tag).is_valid().to_numpy(),
                _numpy(table, f"{tag}_{facts['algorithm']}").astype(np.float32),
                prevalence,
            )
        sets = np.array([numbers[name] for name in table.column("set").to_pylist()], np.int8)
        told = "observed" in table.schema.names and not table.column("observed").null_count
        observed = table.column("observed").to_numpy() if told else None
        rows, stars = _numpy(table, "row"), _numpy(table, "star")
        return cls(rows, stars, sets, slices, classes, observed), facts


def _numpy(table: pa.Table, name: str) -> npt.NDArray[Any]:
    """Return a column of numbers; NaN for null where it has any."""
    return np.asarray(table.column(name).to_numpy())


def score_columns(algorithm: str, tags: list[str], slices: list[str]) -> list[Column]:
    """Return the columns of the scores of a training set."""
    units = {"magnitude": "mag", "period": "d"}
    columns = [
        Column("row", "int64", "", False, "Row of the training set"),
        Column("star", "int64", "", False, "Number of the star, or of its block of the sky"),
        Column("set", "string", "", False, f"What the row is for: {', '.join(SETS)}"),
        Column("observed", "bool", "", True, "Whether the star is real; null if nothing tells"),
    ]
    columns += [
        Column(name, "float64", units.get(name, ""), True, f"Median {name} of the light curve")
        if name == "magnitude"
        else Column(name, "float64", units.get(name, ""), True, name.capitalize())
        for name in slices
    ]
    for tag in tags:
        columns += [
            Column(tag, "bool", "", True, f"Whether the row is of {tag}; null if it is no example"),
            Column(
                f"{tag}_{algorithm}", "float32", "", True, "Score by models that did not see it"
            ),
        ]
    return columns
