"""From scores to the probabilities of a catalogue.

Per class: the calibrated probability by each algorithm and by both together, at the
frequencies of the training set; the prediction set that follows from it; the same
probability at the frequencies of the target; and that one once no class is more probable
than the class it is a kind of. All but the frequencies of the target depend on the row alone.

Where the period may stand for a slow change (``alias_trend``), what is seen does not tell a
periodic star from one that changed once: no class of periodic stars is more probable than one
half, nor reaches the recommended cut, whatever the scores; its prediction set says either; and
the row says nothing of how frequent the class is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scope.catalog.probability_columns import (
    IN_CLASS,
    NOT_IN_CLASS,
    SHIFT,
    final_columns,
    single_column,
)
from scope.errors import BundleError
from scope.models.calibration.calibrators import from_log_odds, log_odds
from scope.models.calibration.class_calibration import ClassCalibration, shift_prevalence
from scope.models.calibration.class_frequencies import (
    STATED,
    Evidence,
    Frequency,
    check_stated,
    estimate_frequencies,
    shift_to_mean,
    training_frequencies,
)
from scope.models.calibration.class_tree import ClassTree, project
from scope.models.calibration.score_reference import BINS_PER_UNIT, log_odds_bin
from scope.schema import ALIAS_TREND, Column
from scope.tasks.variables.bundles.model_bundle import ModelBundle
from scope.tasks.variables.training.fuse import Fusion

if TYPE_CHECKING:
    from scope.config.model import Config

Floats = npt.NDArray[np.float64]
LogOdds = Mapping[str, Mapping[str, Floats]]
"""Class tag -> algorithm -> (n,) log-odds of calibrated probabilities."""

_REACH = 40
"""Log-odds are counted up to this far; no probability lies beyond."""

_FIRM = 1e9
"""How firmly a stated class holds its place in the tree, against 1 of the others: its relatives
give way to it, for else the many kinds of a class would lift its stated frequency again."""

_JUST = 1e-3
"""Log-odds by which a held probability is below a cut, which float32 still shows."""

_ENOUGH = 10
"""Light curves of a stated class that are expected from which on its probabilities add up to what
was stated: with fewer, the number itself is a matter of chance."""


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
    most_distance : float
        Classes whose scores are further than this from those of training keep the frequency
        of the training set; see `scope.models.calibration.class_frequencies`.
    why_not : str
        Why nothing is estimated, where `estimate` is False.
    """

    estimate: bool = True
    min_rows: int = 1000
    stated: Mapping[str, float] = field(default_factory=dict)
    most_distance: float = 0.1
    why_not: str = "as configured"


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
    bundles: Iterable[str | Path | ModelBundle],
    fusion_folder: str | Path | None,
    parents: Mapping[str, str | None],
    options: Mapping[str, Any],
    *,
    exclusive: Iterable[str] = (),
    periodic: Iterable[str] = (),
    listed: bool = False,
) -> Probabilities:
    """Return what makes probabilities of the scores of some models.

    Parameters
    ----------
    bundles : iterable of path or ModelBundle
        Folders, or what was read from them.
    fusion_folder : path or None
    parents : mapping of class tag to class tag or None
        See `ClassTree`.
    options : mapping
        Keys of the section ``probabilities`` of the configuration.
    exclusive, periodic : iterable of class tag
        See `ClassTree`.
    listed : bool
        The target is a list that somebody chose, and no fair sample of the sky.

    Raises
    ------
    BundleError, ConfigError
        If a folder or the tree cannot be used.
    """
    return Probabilities(
        [one if isinstance(one, ModelBundle) else ModelBundle.load(one) for one in bundles],
        None if fusion_folder is None else Fusion.load(fusion_folder),
        ClassTree(parents, frozenset(exclusive), frozenset(periodic)),
        prevalence_options(options, listed),
    )


def check_frequencies(config: Config) -> None:
    """Raise ConfigError if stated frequencies contradict the class tree."""
    tree = ClassTree(config.class_parents(), frozenset(config.exclusive_classes()))
    check_stated(config.probabilities.stated, tree)


def prevalence_options(options: Mapping[str, Any], listed: bool) -> PrevalenceOptions:
    """Return the options from the section ``probabilities`` of the configuration."""
    chosen = options["lists"] if listed else options["prevalence"]
    return PrevalenceOptions(
        chosen == "estimated",
        options["min_rows"],
        options["stated"],
        options["most_distance"],
        "a list is no fair sample" if listed else "as configured",
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
        values, undecided = self._log_odds(scores, rows), _undecided(scores, rows)
        for number, tag in enumerate(self.final):
            value = self._one(tag, values[tag])
            if self.tree.has_period(tag):
                # What tells nothing of the class tells nothing of its frequency.
                value = value[~undecided]
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
        values, undecided = self._log_odds(scores, rows), _undecided(scores, rows)
        found: dict[str, npt.NDArray[Any]] = {}
        in_field = np.empty((int(rows.sum()), len(self.final)))
        for number, (tag, item) in enumerate(self.final.items()):
            free = self._one(tag, values[tag])
            value = self._held(tag, free, undecided, _below_cut(item))
            sets = item.sets(from_log_odds(free))
            either = self._either(tag, value < free, scores, rows)
            found[f"{tag}_p_train"] = from_log_odds(value)
            found[f"{tag}_set"] = IN_CLASS * (sets[True] | either) + NOT_IN_CLASS * (
                sets[False] | either
            )
            shifted = self._held(tag, free + self._shifts[tag], undecided)
            in_field[:, number] = from_log_odds(shifted)
        firm = [_FIRM if self.frequencies[tag].source == STATED else 1.0 for tag in self.final]
        projected = project(in_field, self.tree.places(list(self.final)), firm)
        for number, tag in enumerate(self.final):
            found[f"{tag}_p_field"], found[f"{tag}_p"] = in_field[:, number], projected[:, number]
        found[SHIFT.name] = np.abs(projected - in_field).max(axis=1, initial=0.0)
        for tag, parts in self.single.items():
            for algorithm in parts:
                value = self._held(tag, values[tag][algorithm], undecided)
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

    def _held(
        self, tag: str, values: Floats, undecided: npt.NDArray[np.bool_], most: float = 0.0
    ) -> Floats:
        """Return log-odds of a class, bounded where no period is told from a slow change."""
        if not self.tree.has_period(tag):
            return values
        return np.where(undecided, np.minimum(values, most), values)

    def _either(
        self,
        tag: str,
        held: npt.NDArray[np.bool_],
        scores: pa.Table,
        rows: npt.NDArray[np.bool_],
    ) -> npt.NDArray[np.bool_]:
        """Return which rows have both in their prediction set whatever the scores: those held."""
        return held

    def _one(self, tag: str, values: Mapping[str, Floats]) -> Floats:
        """Return the log-odds of a class by all algorithms together."""
        if self.fusion is not None:
            return self.fusion.log_odds(tag, values)
        return next(iter(values.values()))


def _healthy(scores: pa.Table) -> npt.NDArray[np.bool_]:
    return np.asarray(scores.column("reason").combine_chunks().is_null())


def _below_cut(item: ClassCalibration) -> float:
    """Return the log-odds up to which a held row goes: even, and below the recommended cut."""
    if item.cut is None or not 0.0 < item.cut < 1.0:
        return 0.0
    return min(0.0, float(log_odds(np.array([item.cut]))[0]) - _JUST)


def _undecided(table: pa.Table, rows: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return which of the rows with scores have a period that may stand for a slow change."""
    if ALIAS_TREND.name not in table.schema.names:
        return np.zeros(int(rows.sum()), dtype=bool)
    flags = pc.fill_null(table.column(ALIAS_TREND.name), False)
    return np.asarray(flags.to_numpy(zero_copy_only=False))[rows]


def _scores(table: pa.Table, name: str, rows: npt.NDArray[np.bool_]) -> npt.NDArray[np.floating]:
    return np.asarray(table.column(name).to_numpy()[rows])


def _spread(values: npt.NDArray[Any], rows: npt.NDArray[np.bool_], column: Column) -> pa.Array:
    """Return the values of some rows as a column, null in the others."""
    kind = column.field.type
    full = np.zeros(len(rows), dtype=kind.to_pandas_dtype())
    full[rows] = values
    return pa.array(full, kind, mask=~rows)
