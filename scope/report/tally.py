"""What the report counts: one pass over a catalogue in batches, in fixed bins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scope.errors import ConfigError
from scope.report.algorithms import pairs
from scope.report.catalogue_rows import (
    BATCH_ROWS,
    Rows,
    add_best,
    best_rows,
    compared_algorithms,
    iter_rows,
    mean_score,
    score_tags,
)
from scope.report.sampling import Sample, Smallest

SCORE_BINS = 50
MAX_EPOCHS = 20_000
N_SKY, N_DIAGRAM, N_MEMBERS = 5000, 4000, 400


@dataclass
class AtThreshold:
    """Numbers of light curves of a class that reach a threshold (score >= threshold).

    Attributes
    ----------
    reached : dict of int
        Per algorithm.
    both, either : int
        Reached by all algorithms, and by any, among the rows that all of them scored.
    same_side : int
        Rows on which all algorithms agree: all reach the threshold, or none.
    """

    reached: dict[str, int]
    both: int = 0
    either: int = 0
    same_side: int = 0


@dataclass
class ClassTally:
    """Counts of one class.

    Attributes
    ----------
    at : dict of AtThreshold
        By name of the threshold.
    histograms : dict of (50,) int64
        Numbers per score bin, per algorithm; the last bin includes 1.
    planes : dict of (50, 50) int64
        Per pair of algorithms, numbers per bin of the first (rows) and of the second
        (columns), where both scored.
    scored : dict of int
        Rows with a score, per algorithm.
    compared : int
        Rows with the scores of all algorithms that have the class, if these are several.
    labelled : int
        Rows whose mean score reaches the first threshold.
    members, places : Sample
        Those of them with a period (days), and with a position (deg).
    expected : float
        Sum of the probabilities of the class, NaN where it has none.
    best : Smallest
        Rows with the highest mean scores.
    """

    tag: str
    label: str
    at: dict[str, AtThreshold]
    histograms: dict[str, npt.NDArray[np.int64]]
    planes: dict[tuple[str, str], npt.NDArray[np.int64]]
    scored: dict[str, int]
    compared: int = 0
    labelled: int = 0
    members: Sample = field(default_factory=lambda: Sample(N_MEMBERS))
    places: Sample = field(default_factory=lambda: Sample(N_MEMBERS))
    expected: float = float("nan")
    best: Smallest = field(default_factory=best_rows)

    @classmethod
    def empty(
        cls, tag: str, label: str, algorithms: Sequence[str], thresholds: Iterable[str]
    ) -> ClassTally:
        """Return the counts of no rows."""
        nothing = dict.fromkeys(algorithms, 0)
        return cls(
            tag,
            label,
            {name: AtThreshold(dict(nothing)) for name in thresholds},
            {name: np.zeros(SCORE_BINS, np.int64) for name in algorithms},
            {pair: np.zeros((SCORE_BINS, SCORE_BINS), np.int64) for pair in pairs(algorithms)},
            dict(nothing),
        )


@dataclass
class CatalogTally:
    """Counts of a catalogue.

    Attributes
    ----------
    thresholds : dict of float
        By name; the first one selects the members of a class.
    classes : dict of ClassTally
        By tag, in the order asked for.
    algorithms : tuple of str
        That are compared.
    absent, unlisted : list of str
        Tags asked for that have no column; tags with columns that were not asked for.
    rows, classified, imputed, strange : int
        Light curves in; those with a score of any class; of these, with an imputed feature, and
        unlike anything that the models know.
    labelled : int
        Classified rows with at least one class in which every algorithm that scored it reaches
        the first threshold.
    filled : dict of (64,) int64
        Per bitmask, classified rows in which each feature was filled in.
    reasons : Counter of str
        Why the others have no score; "" where the catalogue says nothing.
    filters : Counter of (filter, classified)
        Filter -1 where unknown.
    quadrants : Counter of (ccd, quad, classified)
        -1 where unknown.
    fields : set of int
        Without unknown ones.
    epochs : (2, 20001) int64
        Light curves per number of epochs, without (0) and with (1) scores; larger
        numbers of epochs count as 20000.
    sky, diagram : Sample
        Positions (ra, dec, classified); classified rows with a period (days).
    """

    thresholds: dict[str, float]
    classes: dict[str, ClassTally]
    algorithms: tuple[str, ...] = ()
    absent: list[str] = field(default_factory=list)
    unlisted: list[str] = field(default_factory=list)
    rows: int = 0
    classified: int = 0
    imputed: int = 0
    strange: int = 0
    labelled: int = 0
    filled: dict[str, npt.NDArray[np.int64]] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)
    filters: Counter[tuple[int, ...]] = field(default_factory=Counter)
    quadrants: Counter[tuple[int, ...]] = field(default_factory=Counter)
    fields: set[int] = field(default_factory=set)
    epochs: npt.NDArray[np.int64] = field(
        default_factory=lambda: np.zeros((2, MAX_EPOCHS + 1), np.int64)
    )
    sky: Sample = field(default_factory=lambda: Sample(N_SKY))
    diagram: Sample = field(default_factory=lambda: Sample(N_DIAGRAM))

    @property
    def threshold(self) -> tuple[str, float]:
        """Name and value of the first threshold."""
        return next(iter(self.thresholds.items()))

    @property
    def median_epochs(self) -> float:
        """Median number of epochs of classified rows; NaN if there are none."""
        below = np.cumsum(self.epochs[1])
        total = int(below[-1])
        middle = [(total + 1) // 2, total // 2 + 1]
        return float(np.mean(np.searchsorted(below, middle))) if total else float("nan")


def score_bin(scores: npt.NDArray[np.floating]) -> npt.NDArray[np.int64]:
    """Return the bin (0 to 49) of scores from 0 to 1; (n,) int64.

    Bins are closed below, the last one also above, so that 1 has a bin. A score on an
    edge belongs to the upper bin, also where float32 holds it as slightly less (0.7):
    scores of two decimals would otherwise draw a comb.

    `scores`: (n,) float.
    """
    scaled = np.floor(scores.astype(np.float64) * SCORE_BINS + 1e-5)
    return np.minimum(scaled.astype(np.int64), SCORE_BINS - 1)


def tally_catalog(
    path: Path,
    classes: Mapping[str, str],
    thresholds: Mapping[str, float],
    *,
    strange_below: float = 0.0,
    batch_rows: int = BATCH_ROWS,
) -> CatalogTally:
    """Count a catalogue in one pass of bounded memory.

    Parameters
    ----------
    path : Path
        Catalogue with the key columns and scores ``{tag}_{algorithm}`` (float, null where
        there is none).
    classes : mapping of str to str
        Label by tag, in the order of the report.
    thresholds : mapping of str to float
        Value by name; the first is the one that selects members of a class.
    strange_below : float
        Rows with an ``ood_p`` below this reach no threshold and are no examples.
    batch_rows : int
        Rows in memory at a time. The result does not depend on it.

    Raises
    ------
    ConfigError
        If there is no threshold, or one outside 0 to 1.
    NotFoundError, CorruptFileError, MissingColumnError
    InputError
        If a score is outside 0 to 1.
    """
    _check_thresholds(thresholds)
    tags, algorithms = score_tags(path), compared_algorithms(path)
    tally = CatalogTally(
        thresholds=dict(thresholds),
        classes={
            tag: ClassTally.empty(tag, label, algorithms, thresholds)
            for tag, label in classes.items()
            if tag in tags
        },
        algorithms=algorithms,
        absent=[tag for tag in classes if tag not in tags],
        unlisted=[tag for tag in tags if tag not in classes],
    )
    for rows in iter_rows(path, batch_rows, strange_below):
        _count_rows(tally, rows)
        tally.labelled += int(_labelled(rows, tally).sum())
        for one in tally.classes.values():
            _count_scores(one, rows)
            _add_probabilities(one, rows)
            _count_thresholds(one, rows, thresholds)
            _choose_members(one, rows, tally.threshold[1])
            add_best(one.best, rows, one.tag)
    return tally


def _check_thresholds(thresholds: Mapping[str, float]) -> None:
    bad = {name: value for name, value in thresholds.items() if not 0 <= value <= 1}
    if bad or not thresholds:
        raise ConfigError(
            "report with thresholds that cannot be used",
            value=bad or "none",
            allowed="at least one name with a score from 0 to 1",
        )


def _count_rows(tally: CatalogTally, rows: Rows) -> None:
    classified, numbers = rows.classified, rows.numbers
    tally.rows += len(rows.ids)
    tally.classified += int(classified.sum())
    _count_filled(tally, rows)
    tally.strange += int(rows.strange.sum())
    others = pc.fill_null(rows.reasons, "").filter(pa.array(~classified))
    for entry in pc.value_counts(others).to_pylist():
        tally.reasons[entry["values"]] += entry["counts"]
    tally.filters.update(_combinations(numbers["filter"], classified))
    tally.quadrants.update(_combinations(numbers["ccd"], numbers["quad"], classified))
    tally.fields.update(set(np.unique(numbers["field"]).tolist()) - {-1})
    epochs = np.clip(numbers["n_epochs"].astype(np.int64), 0, MAX_EPOCHS)
    for row, chosen in enumerate((~classified, classified)):
        tally.epochs[row] += np.bincount(epochs[chosen], minlength=MAX_EPOCHS + 1)
    ra, dec, period = (numbers[name].astype(np.float64) for name in ("ra", "dec", "period"))
    at = np.isfinite(ra) & np.isfinite(dec)
    tally.sky.add_rows(rows.ids[at], ra=ra[at], dec=dec[at], classified=classified[at])
    at = classified & (period > 0)
    tally.diagram.add_rows(rows.ids[at], period=period[at])


def _count_filled(tally: CatalogTally, rows: Rows) -> None:
    """Count rows in which anything was filled in, by any of the models, and what."""
    anything = np.zeros(len(rows.ids), bool)
    for name, mask in rows.imputed.items():
        anything |= mask != 0
        chosen = mask[rows.classified].view(np.uint64)
        counts = [int(np.sum(chosen >> np.uint64(bit) & np.uint64(1))) for bit in range(64)]
        tally.filled[name] = tally.filled.get(name, 0) + np.asarray(counts, np.int64)
    tally.imputed += int(np.sum(rows.classified & anything))


def _labelled(rows: Rows, tally: CatalogTally) -> npt.NDArray[np.bool_]:
    """Return the rows that have a label: in a class, all scores there are reach it."""
    found = np.zeros(len(rows.ids), bool)
    for tag in tally.classes:
        # fmin is the score that is there where the other is NaN.
        lowest = reduce(np.fmin, rows.scores_of(tag).values())
        found |= lowest >= float(tally.threshold[1])
    return found & ~rows.strange


def _add_probabilities(one: ClassTally, rows: Rows) -> None:
    values = rows.probability_of(one.tag)
    there = values[~np.isnan(values)].astype(np.float64)
    if len(there):
        one.expected = float(np.nansum([one.expected, there.sum()]))


def _combinations(*columns: npt.NDArray[np.generic]) -> Counter[tuple[int, ...]]:
    """Count the combinations of values in a few integer columns."""
    values, counts = np.unique(np.column_stack(columns), axis=0, return_counts=True)
    return Counter(dict(zip(map(tuple, values.tolist()), counts.tolist(), strict=True)))


def _count_scores(one: ClassTally, rows: Rows) -> None:
    scores = rows.scores_of(one.tag)
    for name, score in scores.items():
        bins = score_bin(score[~np.isnan(score)])
        one.histograms[name] += np.bincount(bins, minlength=SCORE_BINS)
        one.scored[name] += len(bins)
    for (first, second), plane in one.planes.items():
        x, y = scores[first], scores[second]
        both = ~np.isnan(x) & ~np.isnan(y)
        cells = score_bin(x[both]) * SCORE_BINS + score_bin(y[both])
        plane += np.bincount(cells, minlength=SCORE_BINS**2).reshape(SCORE_BINS, SCORE_BINS)
    one.compared += int(_scored_by_all(rows, one.tag).sum())


def _scored_by_all(rows: Rows, tag: str) -> npt.NDArray[np.bool_]:
    """Return the rows that all algorithms that have a class scored, if these are several."""
    scores = rows.compared_scores(tag)
    if not scores:
        return np.zeros(len(rows.ids), bool)
    return np.all([~np.isnan(score) for score in scores], axis=0)


def _count_thresholds(one: ClassTally, rows: Rows, thresholds: Mapping[str, float]) -> None:
    together = _scored_by_all(rows, one.tag)
    for name, value in thresholds.items():
        at = one.at[name]
        for algorithm, score in rows.scores_of(one.tag).items():
            at.reached[algorithm] += int(_reach(score, value, rows).sum())
        if not together.any():
            continue
        high = [_reach(score, value, rows) for score in rows.compared_scores(one.tag)]
        every, some = np.all(high, axis=0), np.any(high, axis=0)
        at.both += int(np.sum(together & every))
        at.either += int(np.sum(together & some))
        at.same_side += int(np.sum(together & (every | ~some)))


def _reach(score: npt.NDArray[np.floating], value: float, rows: Rows) -> npt.NDArray[np.bool_]:
    # A Python float takes the precision of the scores: 0.7 held as float32 reaches 0.7.
    return ~rows.strange & (score >= float(value))


def _choose_members(one: ClassTally, rows: Rows, threshold: float) -> None:
    numbers = {name: rows.numbers[name].astype(np.float64) for name in ("period", "ra", "dec")}
    high = mean_score(rows.scores_of(one.tag).values()) >= float(threshold)
    high &= ~rows.strange
    one.labelled += int(high.sum())
    chosen = high & (numbers["period"] > 0)
    one.members.add_rows(rows.ids[chosen], period=numbers["period"][chosen])
    chosen = high & np.isfinite(numbers["ra"]) & np.isfinite(numbers["dec"])
    place = {name: numbers[name][chosen] for name in ("ra", "dec")}
    one.places.add_rows(rows.ids[chosen], **place)
