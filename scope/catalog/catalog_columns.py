"""The probability columns of one catalogue, from its scores.

All rows are counted first, to know how frequent each class is; then each row has its columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.catalog.alias_trend import UndecidedRows, log_odds_below_cut
from scope.catalog.prevalence_options import PrevalenceOptions
from scope.catalog.probability_columns import (
    IN_CLASS,
    NOT_IN_CLASS,
    SHIFT,
    final_columns,
    single_column,
)
from scope.models.calibration.calibrators import from_log_odds
from scope.models.calibration.class_calibration import ClassCalibration, shift_prevalence
from scope.models.calibration.class_frequencies import (
    STATED,
    Evidence,
    Frequency,
    estimate_frequencies,
    shift_to_mean,
    training_frequencies,
)
from scope.models.calibration.class_tree import ClassTree, project
from scope.models.calibration.score_reference import BINS_PER_UNIT, log_odds_bin
from scope.schema import Column
from scope.tasks.variables.training.fuse import Fusion

Floats = npt.NDArray[np.float64]

LogOdds = Mapping[str, Mapping[str, Floats]]
"""Class tag -> algorithm -> (n,) log-odds of calibrated probabilities."""

_REACH = 40
"""Log-odds are counted up to this far; no probability lies beyond."""

_FIRM = 1e9
"""How firmly a stated class holds its place in the tree, against 1 of the others: its relatives
give way to it, for else the many kinds of a class would lift its stated frequency again."""

_ENOUGH = 10
"""Light curves of a stated class that are expected from which on its probabilities add up to what
was stated: with fewer, the number itself is a matter of chance."""


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
        self._counts = np.zeros((len(self.final), 2 * _REACH * BINS_PER_UNIT), dtype=np.int64)
        self.rows = 0
        self.frequencies: dict[str, Frequency] = {}
        self._shifts: dict[str, float] = {}

    @property
    def needs_counting(self) -> bool:
        """Whether the scores of all rows must be looked at before the first is written."""
        stated = self.options.stated
        return any(tag in stated or self.options.estimate for tag in self.final)

    @property
    def columns(self) -> list[Column]:
        """The columns, in order."""
        found = []
        for tag, parts in self.single.items():
            found += [single_column(tag, algorithm) for algorithm in parts]
            if tag in self.final:
                found += final_columns(tag)
        return [*found, SHIFT] if self.final else found

    def count(self, scores: pa.Table) -> None:
        """Take note of some rows of the target.

        Parameters
        ----------
        scores : table
            ``reason``, the scores, and ``alias_trend`` where the catalogue has it.
        """
        rows = _healthy(scores)
        self.rows += int(rows.sum())
        values, undecided = self._log_odds(scores, rows), UndecidedRows.of(scores, rows, self.tree)
        for number, tag in enumerate(self.final):
            value = self._one(tag, values[tag])
            value = value[~undecided.for_class(tag)]
            place = log_odds_bin(value) + _REACH * BINS_PER_UNIT
            inside = np.clip(place, 0, self._counts.shape[1] - 1)
            self._counts[number] += np.bincount(inside, minlength=self._counts.shape[1])

    def settle(self) -> None:
        """Decide how frequent each class is, from all rows that were counted."""
        evidence = self._evidence()
        stated = {t: value for t, value in self.options.stated.items() if t in self.final}
        if self.options.estimate and self.rows >= self.options.min_rows:
            found = estimate_frequencies(
                evidence, self.tree, stated, most_distance=self.options.most_distance
            )
        else:
            few = f"fewer than {self.options.min_rows} rows"
            why = few if self.options.estimate else self.options.why_not
            found = training_frequencies(
                {tag: item.prevalence for tag, item in self.final.items()}, self.tree, stated, why
            )
        self.frequencies = found
        self._shifts = {tag: self._shift(tag, evidence[tag]) for tag in self.final}

    def _evidence(self) -> dict[str, Evidence]:
        centres = (np.arange(self._counts.shape[1]) + 0.5) / BINS_PER_UNIT - _REACH
        found = {}
        for counts, (tag, item) in zip(self._counts, self.final.items(), strict=True):
            used = np.flatnonzero(counts)
            found[tag] = Evidence(centres[used], counts[used], item.prevalence, item.reference)
        return found

    def _shift(self, tag: str, evidence: Evidence) -> float:
        """Return what is added to the log-odds of a class at the frequencies of training."""
        one = self.frequencies[tag]
        if one.source == STATED and one.value * evidence.rows >= _ENOUGH:
            return shift_to_mean(evidence, one.value)
        return float(shift_prevalence(np.zeros(1), evidence.before, one.value)[0])

    def facts(self) -> dict[str, Any]:
        """Return what the record of the catalogue says about its probabilities."""
        return {
            **self._who_is_fused(),
            "fusion": None if self.fusion is None else self.fusion.sha256,
            "rows": self.rows if self.needs_counting else None,
            "tree": self.tree.restricted(list(self.final)),
            "classes": {
                tag: {
                    "training_prevalence": item.prevalence,
                    **self._frequency_facts(tag),
                    "cut": item.cut,
                }
                for tag, item in self.final.items()
            },
        }

    def _who_is_fused(self) -> dict[str, list[str]]:
        """Return which algorithms have a part in the one probability, where some have none."""
        used = list(dict.fromkeys(name for parts in self.single.values() for name in parts))
        known = {} if self.fusion is None else self.fusion.bundles
        apart = [name for name in used if name not in known]
        if len(used) < 2 or not apart:
            return {}
        return {"fused": [name for name in used if name in known], "not_fused": apart}

    def _frequency_facts(self, tag: str) -> dict[str, Any]:
        one = self.frequencies[tag]
        facts: dict[str, Any] = {"prevalence": one.value, "prevalence_from": one.source}
        if one.low is not None:
            facts["prevalence_interval"] = [one.low, one.high]
        if one.why:
            facts["prevalence_why"] = one.why
        if one.distance is not None:
            facts["distance_from_training"] = one.distance
        return facts

    def columns_of(self, scores: pa.Table) -> dict[str, pa.Array]:
        """Return the columns of some rows, null where there are no scores.

        Parameters
        ----------
        scores : table
            ``reason``, the scores, and ``alias_trend`` where the catalogue has it.
        """
        rows = _healthy(scores)
        values, undecided = self._log_odds(scores, rows), UndecidedRows.of(scores, rows, self.tree)
        found: dict[str, npt.NDArray[Any]] = {}
        in_field = np.empty((int(rows.sum()), len(self.final)))
        for number, (tag, item) in enumerate(self.final.items()):
            free = self._one(tag, values[tag])
            value = undecided.hold(tag, free, log_odds_below_cut(item.cut))
            sets = item.sets(from_log_odds(free))
            either = self._either(tag, value < free, scores, rows)
            found[f"{tag}_p_train"] = from_log_odds(value)
            found[f"{tag}_set"] = IN_CLASS * (sets[True] | either) + NOT_IN_CLASS * (
                sets[False] | either
            )
            shifted = undecided.hold(tag, free + self._shifts[tag])
            in_field[:, number] = from_log_odds(shifted)
        firm = [_FIRM if self.frequencies[tag].source == STATED else 1.0 for tag in self.final]
        projected = project(in_field, self.tree.places(list(self.final)), firm)
        for number, tag in enumerate(self.final):
            found[f"{tag}_p_field"], found[f"{tag}_p"] = in_field[:, number], projected[:, number]
        found[SHIFT.name] = np.abs(projected - in_field).max(axis=1, initial=0.0)
        for tag, parts in self.single.items():
            for algorithm in parts:
                value = undecided.hold(tag, values[tag][algorithm])
                found[f"{tag}_{algorithm}_p"] = from_log_odds(value)
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

    def _either(
        self,
        tag: str,
        held: npt.NDArray[np.bool_],
        scores: pa.Table,
        rows: npt.NDArray[np.bool_],
    ) -> npt.NDArray[np.bool_]:
        """Return which rows have both in their prediction set, (n,) bool: those held down.

        Tables whose rows are of several light curves add those of which these say so.
        """
        return held

    def _one(self, tag: str, values: Mapping[str, Floats]) -> Floats:
        """Return the log-odds of a class by all algorithms together."""
        if self.fusion is not None and tag in self.fusion.stacks:
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
