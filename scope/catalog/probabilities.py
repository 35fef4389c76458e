"""From scores to the probabilities of a catalogue.

Per class: the calibrated probability by each algorithm and by both together, at the
frequencies of the training set; the prediction set that follows from it; the same
probability at the frequencies of the target; and that one once no class is more probable
than the class it is a kind of. All but the frequencies of the target depend on the row alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.classifiers.bundle import ModelBundle
from scope.classifiers.calibration import (
    ClassCalibration,
    estimate_prevalence,
    shift_prevalence,
)
from scope.classifiers.calibrators import from_log_odds
from scope.classifiers.fusion import Fusion
from scope.classifiers.taxonomy import ClassTree, project
from scope.errors import BundleError
from scope.schema import Column

Floats = npt.NDArray[np.float64]
LogOdds = Mapping[str, Mapping[str, Floats]]
"""Class tag -> algorithm -> (n,) log-odds of calibrated probabilities."""

SHIFT = Column(
    "tree_shift",
    "float32",
    "",
    True,
    "Largest difference of a <class>_p from <class>_p_field: what the class tree changed",
)

IN_CLASS, NOT_IN_CLASS = 1, 2
"""Bits of a prediction set."""

_BINS_PER_UNIT = 128
_REACH = 40
"""Log-odds are counted in bins this fine up to this far; no probability lies beyond."""


@dataclass(frozen=True)
class PrevalenceOptions:
    """How frequent classes are taken to be among the light curves of a target.

    Attributes
    ----------
    estimate : bool
        Take it from the target's own scores; otherwise from the training set.
    min_rows : int
        With fewer classified rows nothing is estimated.
    stated : dict of class tag to float
        Shares that are known otherwise; they go first.
    """

    estimate: bool = True
    min_rows: int = 1000
    stated: Mapping[str, float] = field(default_factory=dict)


class Probabilities:
    """Makes the probability columns of a catalogue.

    Rows are shown to `count` first, all of them; then `columns_of` gives their columns.

    Parameters
    ----------
    bundles : sequence of ModelBundle
        One per algorithm that scored.
    fusion : Fusion or None
        Of these bundles.
    tree : ClassTree
    options : PrevalenceOptions, optional

    Raises
    ------
    BundleError
        If the fusion is of other bundles.
    """

    def __init__(
        self,
        bundles: Sequence[ModelBundle],
        fusion: Fusion | None,
        tree: ClassTree,
        options: PrevalenceOptions | None = None,
    ) -> None:
        self.bundles = {bundle.algorithm: bundle for bundle in bundles}
        self.fusion, self.tree = fusion, tree
        self.options = options or PrevalenceOptions()
        if fusion is not None:
            _check_fusion(fusion, self.bundles)

    def check_models(self, records: Mapping[str, Mapping[str, Any]]) -> None:
        """Raise BundleError unless these bundles made the scores.

        Parameters
        ----------
        records : mapping of algorithm to record of its predictions
        """
        for algorithm, record in records.items():
            bundle = self.bundles.get(algorithm)
            expected = None if bundle is None else bundle.identity
            if record.get("bundle") != expected:
                raise BundleError(
                    f"scores of {algorithm} that were made by other models",
                    value=str(record.get("bundle")),
                    allowed=str(expected),
                    todo="score the target again with the models in use",
                )

    def for_scores(self, names: Iterable[str]) -> CatalogColumns:
        """Return what makes the columns of a catalogue with some score columns."""
        there = set(names)
        single: dict[str, dict[str, ClassCalibration]] = {}
        for algorithm, bundle in self.bundles.items():
            calibrations = {} if bundle.calibration is None else bundle.calibration.classes
            for tag in bundle.classes:
                if f"{tag}_{algorithm}" not in there:
                    continue
                item = calibrations.get(tag)
                if item is not None and item.has_probability:
                    single.setdefault(tag, {})[algorithm] = item
        final = self._final(single)
        return CatalogColumns(single, final, self.fusion, self.tree, self.options)

    def _final(
        self, single: Mapping[str, Mapping[str, ClassCalibration]]
    ) -> dict[str, ClassCalibration]:
        """Return the calibration of the one probability of each class that has one."""
        if self.fusion is not None:
            stacks, classes = self.fusion.stacks, self.fusion.calibration.classes
            return {
                tag: classes[tag]
                for tag, parts in single.items()
                if tag in stacks and set(stacks[tag].weights) <= set(parts)
            }
        if len(self.bundles) > 1:
            return {}
        return {tag: next(iter(parts.values())) for tag, parts in single.items()}


def load_probabilities(
    bundle_folders: Iterable[str | Path],
    fusion_folder: str | Path | None,
    parents: Mapping[str, str | None],
    options: Mapping[str, Any],
) -> Probabilities:
    """Return what makes probabilities of the scores of some models.

    Parameters
    ----------
    bundle_folders : iterable of path
    fusion_folder : path or None
    parents : mapping of class tag to class tag or None
        See `ClassTree`.
    options : mapping
        Keys of the section ``probabilities`` of the configuration.

    Raises
    ------
    BundleError, ConfigError
        If a folder or the tree cannot be used.
    """
    return Probabilities(
        [ModelBundle.load(folder) for folder in bundle_folders],
        None if fusion_folder is None else Fusion.load(fusion_folder),
        ClassTree(parents),
        PrevalenceOptions(
            options["prevalence"] == "estimated", options["min_rows"], options["stated"]
        ),
    )


def _check_fusion(fusion: Fusion, bundles: Mapping[str, ModelBundle]) -> None:
    found = {algorithm: bundle.sha256 for algorithm, bundle in bundles.items()}
    if found != dict(fusion.bundles):
        raise BundleError(
            "fusion of other models than those in use",
            value=", ".join(f"{name} {sha[:12]}" for name, sha in fusion.bundles.items()),
            allowed=", ".join(f"{name} {sha[:12]}" for name, sha in found.items()),
            todo="fuse the models in use, or remove models/fused/<group>",
        )


@dataclass
class CatalogColumns:
    """The probability columns of one catalogue.

    Attributes
    ----------
    single : dict of class tag to dict of algorithm to ClassCalibration
        Classes with probabilities, by algorithm.
    final : dict of class tag to ClassCalibration
        Classes with one probability from all algorithms.
    fusion, tree, options
        See `Probabilities`.
    """

    single: Mapping[str, Mapping[str, ClassCalibration]]
    final: Mapping[str, ClassCalibration]
    fusion: Fusion | None
    tree: ClassTree
    options: PrevalenceOptions

    def __post_init__(self) -> None:
        self._counts = np.zeros((len(self.final), 2 * _REACH * _BINS_PER_UNIT), dtype=np.int64)
        self.rows = 0
        self.prevalence: dict[str, tuple[float, str]] = {}

    @property
    def needs_counting(self) -> bool:
        """Whether the target's own scores say how frequent a class is."""
        return self.options.estimate and any(tag not in self.options.stated for tag in self.final)

    @property
    def columns(self) -> list[Column]:
        """The columns, in order."""
        found = []
        for tag, parts in self.single.items():
            found += [_single_column(tag, algorithm) for algorithm in parts]
            if tag in self.final:
                found += _final_columns(tag)
        return [*found, SHIFT] if self.final else found

    def count(self, scores: pa.Table) -> None:
        """Take note of some rows of the target.

        Parameters
        ----------
        scores : table
            ``reason`` and the scores.
        """
        rows = _healthy(scores)
        self.rows += int(rows.sum())
        values = self._log_odds(scores, rows)
        for number, tag in enumerate(self.final):
            place = (self._one(tag, values[tag]) + _REACH) * _BINS_PER_UNIT
            inside = np.clip(place, 0, self._counts.shape[1] - 1).astype(np.int64)
            self._counts[number] += np.bincount(inside, minlength=self._counts.shape[1])

    def settle(self) -> None:
        """Decide how frequent each class is, from all rows that were counted."""
        centres = (np.arange(self._counts.shape[1]) + 0.5) / _BINS_PER_UNIT - _REACH
        for counts, (tag, item) in zip(self._counts, self.final.items(), strict=True):
            if tag in self.options.stated:
                self.prevalence[tag] = self.options.stated[tag], "stated"
            elif not self.needs_counting or self.rows < self.options.min_rows:
                self.prevalence[tag] = item.prevalence, "training"
            else:
                used = np.flatnonzero(counts)
                found = estimate_prevalence(centres[used], counts[used], item.prevalence)
                self.prevalence[tag] = found, "estimated"

    def facts(self) -> dict[str, Any]:
        """Return what the record of the catalogue says about its probabilities."""
        return {
            "fusion": None if self.fusion is None else self.fusion.sha256,
            "rows": self.rows if self.needs_counting else None,
            "tree": self.tree.restricted(list(self.final)),
            "classes": {
                tag: {
                    "training_prevalence": item.prevalence,
                    "prevalence": self.prevalence[tag][0],
                    "prevalence_from": self.prevalence[tag][1],
                    "cut": item.cut,
                }
                for tag, item in self.final.items()
            },
        }

    def columns_of(self, scores: pa.Table) -> dict[str, pa.Array]:
        """Return the columns of some rows, null where there are no scores.

        Parameters
        ----------
        scores : table
            ``reason`` and the scores.
        """
        rows = _healthy(scores)
        values = self._log_odds(scores, rows)
        found: dict[str, npt.NDArray[Any]] = {}
        in_field = np.empty((int(rows.sum()), len(self.final)))
        for number, (tag, item) in enumerate(self.final.items()):
            value = self._one(tag, values[tag])
            probability = from_log_odds(value)
            sets = item.sets(probability)
            found[f"{tag}_p_train"] = probability
            found[f"{tag}_set"] = IN_CLASS * sets[True] + NOT_IN_CLASS * sets[False]
            after = self.prevalence[tag][0]
            in_field[:, number] = from_log_odds(shift_prevalence(value, item.prevalence, after))
        projected = project(in_field, self.tree.places(list(self.final)))
        for number, tag in enumerate(self.final):
            found[f"{tag}_p_field"], found[f"{tag}_p"] = in_field[:, number], projected[:, number]
        found[SHIFT.name] = np.abs(projected - in_field).max(axis=1, initial=0.0)
        for tag, parts in self.single.items():
            for algorithm in parts:
                found[f"{tag}_{algorithm}_p"] = from_log_odds(values[tag][algorithm])
        return {column.name: _spread(found[column.name], rows, column) for column in self.columns}

    def _log_odds(self, scores: pa.Table, rows: npt.NDArray[np.bool_]) -> LogOdds:
        """Return the log-odds by each algorithm of the rows with scores."""
        return {
            tag: {
                algorithm: item.log_odds(_scores(scores, f"{tag}_{algorithm}", rows))
                for algorithm, item in parts.items()
            }
            for tag, parts in self.single.items()
        }

    def _one(self, tag: str, values: Mapping[str, Floats]) -> Floats:
        """Return the log-odds of a class by all algorithms together."""
        if self.fusion is not None:
            return self.fusion.log_odds(tag, values)
        return next(iter(values.values()))


def _healthy(scores: pa.Table) -> npt.NDArray[np.bool_]:
    return np.asarray(scores.column("reason").combine_chunks().is_null())


def _scores(table: pa.Table, name: str, rows: npt.NDArray[np.bool_]) -> npt.NDArray[np.floating]:
    return np.asarray(table.column(name).to_numpy()[rows])


def _spread(values: npt.NDArray[Any], rows: npt.NDArray[np.bool_], column: Column) -> pa.Array:
    """Return the values of some rows as a column, null in the others."""
    kind = column.field.type
    full = np.zeros(len(rows), dtype=kind.to_pandas_dtype())
    full[rows] = values
    return pa.array(full, kind, mask=~rows)


def _single_column(tag: str, algorithm: str) -> Column:
    name = algorithm.upper()
    return Column(
        f"{tag}_{algorithm}_p",
        "float32",
        "",
        True,
        f"Probability of {tag} by {name} at the frequencies of the training set",
    )


def _final_columns(tag: str) -> list[Column]:
    meanings = {
        "p_train": f"Probability of {tag} by all algorithms, at training frequencies",
        "p_field": "The same at the frequencies of this target",
        "p": f"Probability of {tag} here, never above that of the class it is a kind of",
    }
    return [
        *(Column(f"{tag}_{end}", "float32", "", True, text) for end, text in meanings.items()),
        Column(
            f"{tag}_set",
            "int8",
            "",
            True,
            f"Prediction set: {IN_CLASS} of {tag}, {NOT_IN_CLASS} not, 3 either, 0 neither",
        ),
    ]
