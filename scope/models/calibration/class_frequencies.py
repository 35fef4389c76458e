"""Frequencies of classes among the light curves of a target, from their own scores.

If a class looks the same on the sky as in training, and so does everything else, only the
frequencies differ, and the scores of a target tell them: they are a mixture of the scores that
either side had in training (label shift; Saerens et al. 2002, Neural Comput. 14, 21). Three things
are added here, since one class at a time and on trust this goes wrong by factors of ten:

- All classes are estimated together, under what the class tree says: a class is never more
  frequent than the one that it is a kind of, and neither are classes together that exclude
  one another. The sum of the log-likelihoods of the classes is maximised (a composite
  likelihood: classifiers of one light curve are taken as if they were independent, which
  costs precision and no bias; Varin, Reid & Firth 2011, Statistica Sinica 21, 5).
- The assumption is tested. No mixture of the training scores may be far from the scores of the
  target, by the largest distance of the distribution functions (Kolmogorov); where one is, the
  class keeps its frequency of the training set, and that is said.
- Each frequency has an interval: that of the likelihood, widened by what the distance that was
  found can move the answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from scope.errors import ConfigError
from scope.models.calibration.calibrators import from_log_odds
from scope.models.calibration.class_calibration import estimate_prevalence, shift_prevalence
from scope.models.calibration.class_tree import ClassTree
from scope.models.calibration.score_reference import ScoreReference

Floats = npt.NDArray[np.float64]

STATED, ESTIMATED, TRAINING = "stated", "estimated", "training"

HALF_WIDTH = 1.92
"""Half of the 95 % point of chi-square with one degree of freedom: where a likelihood interval
ends."""

KOLMOGOROV = 1.63
"""Distance of an empirical distribution from its true one, times the root of its size, that chance
exceeds once in a hundred cases."""

_LEAST = 1e-9
"""No frequency is exactly 0 or 1, so that odds exist."""


@dataclass(frozen=True)
class Evidence:
    """The scores of a target for one class.

    Attributes
    ----------
    value : (m,) float64
        Log-odds of probabilities at the training frequency, each once.
    counts : (m,) number
        How many light curves have each.
    before : float
        Frequency of the class in training.
    reference : ScoreReference or None
        The distribution of the values of either side in training.
    """

    value: Floats
    counts: npt.NDArray[np.number]
    before: float
    reference: ScoreReference | None

    @property
    def rows(self) -> float:
        """Number of light curves."""
        return float(self.counts.sum())

    def ratio(self) -> Floats:
        """Return how much likelier each value is within the class than outside it.

        (n,) float64.
        """
        return np.exp(np.clip(shift_prevalence(self.value, self.before, 0.5), -40, 40))


@dataclass(frozen=True)
class Frequency:
    """Frequency of a class, its interval, and where it is from.

    Attributes
    ----------
    value : float
        Between 0 and 1.
    low, high : float or None
        Interval of 95 %; None where nothing was estimated.
    source : str
        ``stated``, ``estimated`` or ``training``.
    why : str
        Why it is that of the training set; empty otherwise.
    distance : float or None
        Largest distance of the distribution of the target's values from the nearest mixture of
        those of training; None where that was not looked at.
    """

    value: float
    low: float | None = None
    high: float | None = None
    source: str = TRAINING
    why: str = ""
    distance: float | None = None


def training_frequencies(
    before: Mapping[str, float], tree: ClassTree, stated: Mapping[str, float], why: str
) -> dict[str, Frequency]:
    """Return the frequencies of the training set, where none is stated.

    Parameters
    ----------
    before : mapping of class tag to float
        Frequency in training.
    tree : ClassTree
        No class is taken to be more frequent than a stated one that it is a kind of.
    stated : mapping of class tag to float
    why : str
        Why nothing is estimated.

    Raises
    ------
    ConfigError
        If stated frequencies contradict the class tree.
    """
    check_stated(stated, tree)
    found = {tag: Frequency(value, why=why) for tag, value in before.items()}
    found |= {tag: Frequency(value, source=STATED) for tag, value in stated.items()}
    return {tag: _below_parent(tag, found, tree) for tag in found}


def shift_to_mean(evidence: Evidence, frequency: float) -> float:
    """Return what to add to the log-odds of a target so that their probabilities have a mean.

    Parameters
    ----------
    evidence : Evidence
    frequency : float
        The mean that is wanted.
    """
    low, high = -80.0, 80.0
    for _ in range(80):
        middle = (low + high) / 2
        mean = float(evidence.counts @ from_log_odds(evidence.value + middle)) / evidence.rows
        low, high = (low, middle) if mean > frequency else (middle, high)
    return (low + high) / 2


def estimate_frequencies(
    evidence: Mapping[str, Evidence],
    tree: ClassTree,
    stated: Mapping[str, float],
    *,
    most_distance: float,
) -> dict[str, Frequency]:
    """Return the frequency of each class in a target.

    Parameters
    ----------
    evidence : mapping of class tag to Evidence
        Of the same light curves.
    tree : ClassTree
    stated : mapping of class tag to float
        Frequencies that are known; the others are estimated beside them.
    most_distance : float
        Distance of the distributions from which on, beyond what chance makes, the scores
        of a class are taken to be unlike those of training.

    Returns
    -------
    dict of class tag to Frequency

    Raises
    ------
    ConfigError
        If stated frequencies contradict the class tree.
    """
    check_stated(stated, tree)
    found = {
        tag: Frequency(value, source=STATED) for tag, value in stated.items() if tag in evidence
    }
    trusted = dict(evidence)
    for tag in found:
        del trusted[tag]
    # One class that looks unlike training pulls at its relatives, so the others are fitted again.
    while trusted:
        values = _joint(
            trusted, tree, {tag: one.value for tag, one in found.items() if tag in stated}
        )
        unlike = {
            tag: distance
            for tag, one in trusted.items()
            if (distance := _distance(one, values[tag])) is not None
            and distance > most_distance + KOLMOGOROV / np.sqrt(max(one.rows, 1))
        }
        if not unlike:
            found |= {tag: _estimated(one, values[tag]) for tag, one in trusted.items()}
            break
        for tag, distance in unlike.items():
            found[tag] = Frequency(
                trusted.pop(tag).before,
                why=f"scores unlike training (distance {distance:.2f})",
                distance=distance,
            )
    return {tag: _below_parent(tag, found, tree) for tag in evidence}


def check_stated(stated: Mapping[str, float], tree: ClassTree) -> None:
    """Raise ConfigError if stated frequencies contradict the class tree."""
    for below, above in _limits(list(stated), tree):
        total = sum(stated[tag] for tag in below)
        if total > stated[above] * (1 + 1e-9):
            raise ConfigError(
                f"stated frequencies of {', '.join(below)} above that of {above}",
                value=total,
                allowed=f"at most {stated[above]}",
                todo="correct probabilities.stated: a class is not more frequent than the one that "
                "it is a kind of, nor are classes together that exclude one another",
            )


def _limits(tags: Sequence[str], tree: ClassTree) -> list[tuple[list[str], str]]:
    """Return which classes together are no more frequent than which other class."""
    nearest = {tag: above for tag, above in tree.restricted(tags).items() if above is not None}
    groups: dict[str, list[str]] = {}
    found = []
    for tag, above in nearest.items():
        # Descendants whose own parent is not here exclude one another only if their parents do,
        # which is not known: each of them is limited by itself.
        if tag in tree.exclusive and tree.parent[tag] == above:
            groups.setdefault(above, []).append(tag)
        else:
            found.append(([tag], above))
    return [*found, *((below, above) for above, below in groups.items())]


def _joint(
    evidence: Mapping[str, Evidence], tree: ClassTree, fixed: Mapping[str, float]
) -> dict[str, float]:
    """Return the most likely frequencies under the class tree, some of them fixed."""
    tags = list(evidence)
    free = np.array(
        [estimate_prevalence(one.value, one.counts, one.before) for one in evidence.values()]
    )
    place = {tag: i for i, tag in enumerate(tags)}
    rows, bounds = [], []
    for below, above in _limits([*tags, *fixed], tree):
        row = np.zeros(len(tags))
        bound = fixed.get(above, 0.0) - sum(fixed.get(tag, 0.0) for tag in below)
        for tag in below:
            if tag in place:
                row[place[tag]] -= 1
        if above in place:
            row[place[above]] += 1
        if row.any():
            rows.append(row)
            bounds.append(bound)
    matrix, offset = np.array(rows).reshape(-1, len(tags)), np.array(bounds)
    if np.all(matrix @ free + offset >= 0):
        return dict(zip(tags, free.tolist(), strict=True))
    return dict(zip(tags, _maximise(evidence, free, matrix, offset).tolist(), strict=True))


def _maximise(
    evidence: Mapping[str, Evidence], start: Floats, matrix: Floats, offset: Floats
) -> Floats:
    """Return the frequencies of the largest likelihood with ``matrix @ x + offset >= 0``.

    The likelihood is concave and the limits are linear: there is one maximum.
    """
    ratios = [one.ratio() for one in evidence.values()]
    weights = [one.counts / (one.rows + 1) for one in evidence.values()]
    # One row of the training frequency, as in `estimate_prevalence`: no answer is 0 or 1.
    before = np.array([one.before for one in evidence.values()])
    belief = np.array([1 / (one.rows + 1) for one in evidence.values()])

    def loss(x: Floats) -> tuple[float, Floats]:
        value = -float(belief @ (before * np.log(x) + (1 - before) * np.log1p(-x)))
        slope = -belief * (before / x - (1 - before) / (1 - x))
        for i, (ratio, weight) in enumerate(zip(ratios, weights, strict=True)):
            mixed = x[i] * ratio + 1 - x[i]
            value -= float(weight @ np.log(mixed))
            slope[i] -= float(weight @ ((ratio - 1) / mixed))
        return value, slope

    limits = {"type": "ineq", "fun": lambda x: matrix @ x + offset, "jac": lambda _: matrix}
    from scipy.optimize import minimize

    found = minimize(
        loss,
        _within(start, matrix, offset),
        jac=True,
        bounds=[(_LEAST, 1 - _LEAST)] * len(start),
        constraints=[limits],
        method="SLSQP",
        options={"maxiter": 500, "ftol": 1e-12},
    )
    # What the solver leaves over by rounding, or by giving up, is taken off children.
    return _within(np.clip(found.x, _LEAST, 1 - _LEAST), matrix, offset)


def _within(x: Floats, matrix: Floats, offset: Floats) -> Floats:
    """Return `x` with children scaled down until every limit holds."""
    x = x.copy()
    for _ in range(len(matrix) + 1):
        for row, bound in zip(matrix, offset, strict=True):
            below = row < 0
            room = float(x @ np.where(row > 0, row, 0.0) + bound)
            if room < 0:
                # Stated kinds of a class are more than what was found of it: it is as frequent.
                x[row > 0] -= room
                room = 0.0
            total = float(x[below].sum())
            if total > room:
                x[below] *= max(room, _LEAST) / total
    return np.maximum(x, _LEAST)


def _distance(one: Evidence, frequency: float) -> float | None:
    """Return how far the target's values are from the mixture of training with a frequency."""
    return (
        None if one.reference is None else one.reference.distance(one.value, one.counts, frequency)
    )


def _estimated(one: Evidence, frequency: float) -> Frequency:
    """Return an estimate with its interval."""
    low, high = _likelihood_interval(one, frequency)
    distance = _distance(one, frequency)
    if distance is not None and one.reference is not None:
        # A frequency that is off by d moves the distribution by d times the largest
        # difference of both sides: a distance can hide an error of that size.
        reach = max(one.reference.separation, _LEAST)
        noise = KOLMOGOROV / np.sqrt(max(one.rows, 1.0))
        hidden = max(distance - noise, 0.0) / reach
        low, high = low - hidden, high + hidden
    return Frequency(frequency, max(low, 0.0), min(high, 1.0), ESTIMATED, distance=distance)


def _likelihood_interval(one: Evidence, frequency: float) -> tuple[float, float]:
    """Return the frequencies at which the log-likelihood is 1.92 below its value at `frequency`."""
    ratio = one.ratio()

    def likelihood(x: float) -> float:
        return float(one.counts @ np.log(x * ratio + 1 - x))

    floor = likelihood(frequency) - HALF_WIDTH
    edges = []
    for far in (0.0, 1.0):
        inside, outside = frequency, far
        if likelihood(min(max(far, _LEAST), 1 - _LEAST)) >= floor:
            edges.append(far)
            continue
        for _ in range(60):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if likelihood(middle) >= floor else (inside, middle)
        edges.append(inside)
    return edges[0], edges[1]


def _below_parent(tag: str, found: Mapping[str, Frequency], tree: ClassTree) -> Frequency:
    """Return a frequency of the training set, at most that of the ancestors that are known."""
    one = found[tag]
    if one.source != TRAINING:
        return one
    known = {
        above: found[above].value
        for above in tree.ancestors(tag)
        if above in found and found[above].source != TRAINING
    }
    above = min(known, key=lambda name: known[name], default=None)
    if above is None or one.value <= known[above]:
        return one
    return replace(one, value=known[above], why=f"{one.why}; not above {above}")
