"""Calibration: from scores to probabilities, prediction sets and cuts, class by class.

Fitted on out-of-fold scores of training stars: each star is scored by models that saw
neither it nor any of its light curves. How a class is calibrated follows from how many
stars show it; with too few its scores order light curves and claim nothing else.

A prediction set holds "is of the class", "is not", both or none. Each of the two truths
is missing from the sets of at most a stated part of the light curves that have it, for
either side apart (Mondrian conformal prediction, Vovk et al. 2005, chapter 4).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.errors import BundleError, ConfigError
from scope.jsontext import parse_json
from scope.models.algorithm import find_algorithm
from scope.models.calibration.calibrators import MAPS, apply, fit, from_log_odds, log_odds
from scope.models.calibration.score_reference import ScoreReference
from scope.models.evaluation.held_out_metrics import best_cut
from scope.plugins import ALGORITHMS

KIND = "scope calibration"
SCHEMA_VERSION = 1
RANK = "rank"
"""Method of classes whose scores are no more than an order."""

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CalibrationOptions:
    """Options of the calibration: how scores become probabilities.

    Attributes
    ----------
    n_folds : int
        Parts that the training stars are cut into; each is scored by models trained on
        the others.
    isotonic_from, beta_from, probability_from : int
        Positive (and negative) training stars from which on a class is calibrated by an
        isotonic map, by a beta map, and at all: with fewer than `beta_from` by Platt's map
        for trees and a temperature for networks.
    observed_from : int
        Observed stars of either side from which on simulated ones are left out: what a
        score means among them says little about the sky. For prediction sets each side
        counts by itself.
    coverage : float
        Part of the light curves of either side whose prediction set holds the truth.
    """

    n_folds: int = 5
    isotonic_from: int = 500
    beta_from: int = 100
    probability_from: int = 20
    observed_from: int = 100
    coverage: float = 0.9

    def __post_init__(self) -> None:
        if self.n_folds < 2:
            raise ConfigError("number of folds", value=self.n_folds, allowed="2 or more")
        if not 0 < self.coverage < 1:
            raise ConfigError("coverage", value=self.coverage, allowed="between 0 and 1")
        if not 2 <= self.probability_from <= self.beta_from <= self.isotonic_from:
            raise ConfigError(
                "numbers of stars that methods of calibration start from",
                value=[self.probability_from, self.beta_from, self.isotonic_from],
                allowed="2 <= probability_from <= beta_from <= isotonic_from",
            )

    def method(self, n_stars: int, algorithm: str) -> str:
        """Return how a class is calibrated whose rarer side has `n_stars` stars."""
        if n_stars < self.probability_from:
            return RANK
        if n_stars < self.beta_from:
            return few_stars_map(algorithm)
        return "beta" if n_stars < self.isotonic_from else "isotonic"


def few_stars_map(algorithm: str) -> str:
    """Return the map for classes of few stars: what the algorithm says, Platt's for a fusion."""
    return find_algorithm(algorithm).few_stars_map if algorithm in ALGORITHMS else "platt"


@dataclass(frozen=True)
class ClassCalibration:
    """Calibration of one class: the probability, prediction set and cut of a score.

    Attributes
    ----------
    method : str
        Of `scope.models.calibration.calibrators`, or ``rank``: no probability.
    parameters : dict
        Of the map.
    n_positive, n_negative : int
        Training stars of either side.
    prevalence : float
        Part of the training rows that are positive: what probabilities refer to.
    lowest_positive, highest_negative : float or None
        Probabilities from which on "is of the class" is in the prediction set, and up to
        which "is not" is. None for ``rank``.
    cut : float or None
        Recommended: the probability, or for ``rank`` the score, from which on rows are
        called positive for the best F1 on training stars.
    observed : bool
        Whether all this is of observed stars alone, of a training set with simulated ones.
        Each edge is, where its own side has enough of them.
    reference : ScoreReference or None
        What log-odds either side has in training. None for ``rank``, and for models that were
        trained before it was kept.
    """

    method: str
    parameters: Mapping[str, Any]
    n_positive: int
    n_negative: int
    prevalence: float
    lowest_positive: float | None
    highest_negative: float | None
    cut: float | None
    observed: bool = False
    reference: ScoreReference | None = None

    @property
    def has_probability(self) -> bool:
        """Whether scores become probabilities."""
        return self.method != RANK

    def log_odds(self, scores: npt.NDArray[np.floating]) -> Floats:
        """Return the log-odds of the probabilities of `scores`, both (n,) float."""
        return apply(self.method, self.parameters, scores)

    def probability(self, scores: npt.NDArray[np.floating]) -> Floats:
        """Return the probabilities of `scores`, both (n,) float."""
        return from_log_odds(self.log_odds(scores))

    def sets(self, probability: npt.NDArray[np.floating]) -> dict[bool, Bools]:
        """Return whether prediction sets hold "is of the class" (True) and "is not".

        Of each (n,) bool; `probability`: (n,) float.
        """
        if self.lowest_positive is None or self.highest_negative is None:
            raise ValueError("a class without probabilities has no prediction sets")
        return {
            True: np.asarray(probability >= self.lowest_positive),
            False: np.asarray(probability <= self.highest_negative),
        }


@dataclass(frozen=True)
class OutOfFold:
    """Scores of the training rows of one class, by models that did not see their stars.

    Attributes
    ----------
    scores : (n,) float
    target : (n,) bool
    stars : (n,) int
    score_prevalence : float
        Part of positive rows, weighted, in what the models were trained on: less lopsided
        than in `target` where classes are balanced or weighed.
    observed : (n,) bool, optional
        Which rows are not simulated; None where nothing tells.
    """

    scores: npt.NDArray[np.floating]
    target: Bools
    stars: npt.NDArray[np.integer]
    score_prevalence: float
    observed: Bools | None = None

    def without_simulated(self, least: int) -> OutOfFold:
        """Return the observed rows if either side has `least` stars there, else all rows."""
        if self.observed is None or self.observed.all():
            return self
        here = self.observed
        part = OutOfFold(
            self.scores[here], self.target[here], self.stars[here], self.score_prevalence
        )
        return part if min(part.count_stars()) >= least else self

    def representative(self, least: int) -> Bools:
        """Return the rows for prediction sets: of a side with `least` observed stars only those.

        A set promises something of one side alone, so that the other need not be known.

        (n,) bool, n rows.
        """
        here = np.ones(len(self.target), dtype=bool)
        if self.observed is None:
            return here
        for side in (self.target, ~self.target):
            if len(np.unique(self.stars[side & self.observed])) >= least:
                here &= self.observed | ~side
        return here

    def count_stars(self) -> tuple[int, int]:
        """Return the numbers of stars with positive and with negative rows."""
        positive, negative = self.stars[self.target], self.stars[~self.target]
        return len(np.unique(positive)), len(np.unique(negative))


def calibrate(rows: OutOfFold, algorithm: str, options: CalibrationOptions) -> ClassCalibration:
    """Fit the calibration of one class.

    Parameters
    ----------
    algorithm : str
        What gave the scores; ``fused`` scores are probabilities already and are only
        refined where there are enough stars for an isotonic map.
    """
    everything, rows = rows, rows.without_simulated(options.observed_from)
    n_positive, n_negative = rows.count_stars()
    method = options.method(min(n_positive, n_negative), algorithm)
    if algorithm == "fused" and method not in (RANK, "isotonic"):
        method = "identity"
    bare = ClassCalibration(
        method=RANK,
        parameters={},
        n_positive=n_positive,
        n_negative=n_negative,
        prevalence=float(rows.target.mean()) if len(rows.target) else 0.0,
        lowest_positive=None,
        highest_negative=None,
        cut=best_cut(rows.target, rows.scores),
        observed=rows is not everything,
    )
    if method == RANK:
        return bare
    about = {"score_prevalence": rows.score_prevalence} if method == "temperature" else {}
    parameters = fit(method, rows.scores, rows.target, **about)
    probability = from_log_odds(apply(method, parameters, rows.scores))
    here = everything.representative(options.observed_from)
    value = apply(method, parameters, everything.scores[here])
    lowest, highest = conformal_edges(
        from_log_odds(value), everything.target[here], options.coverage
    )
    return replace(
        bare,
        method=method,
        parameters=parameters,
        lowest_positive=lowest,
        highest_negative=highest,
        cut=best_cut(rows.target, probability),
        reference=ScoreReference.of(value, everything.target[here]),
    )


def conformal_edges(probability: Floats, target: Bools, coverage: float) -> tuple[float, float]:
    """Return the edges of prediction sets with a coverage for either side.

    Of n rows of a side, the set of a new row of that side holds the truth with at least
    the stated probability if the edge lies at the floor((n + 1)(1 - coverage))-th most
    extreme of them. With too few rows for that the set always holds it.

    Parameters
    ----------
    probability : (n,) float64
    target : (n,) bool
        Whether a row is of the class.
    coverage : float

    Returns
    -------
    lowest_positive, highest_negative : float
        0 and 1 where a set always holds its side.
    """
    positive, negative = np.sort(probability[target]), np.sort(probability[~target])
    # Without the small term 0.1 * 10 falls short of 1.
    k = int((len(positive) + 1) * (1 - coverage) + 1e-9)
    lowest = float(positive[k - 1]) if k else 0.0
    k = int((len(negative) + 1) * (1 - coverage) + 1e-9)
    return lowest, float(negative[-k]) if k else 1.0


def shift_prevalence(value: Floats, before: float, after: float) -> Floats:
    """Return log-odds of probabilities under another prevalence of the class.

    Right where the class itself looks the same in both places, and so do the others
    together (label shift; Saerens et al. 2002, Neural Comput. 14, 21, equation 2.4).

    Parameters
    ----------
    value : (n,) float64
        Log-odds under the prevalence `before`.
    before, after : float
        Between 0 and 1.

    Returns
    -------
    (n,) float64
    """
    odds = log_odds(np.array([before, after]))
    return np.asarray(value + (odds[1] - odds[0]))


def estimate_prevalence(value: Floats, counts: npt.NDArray[Any], before: float) -> float:
    """Return the prevalence of a class among rows, from their probabilities alone.

    The fixed point of Saerens et al. (2002): the prevalence under which the mean of the
    shifted probabilities is that prevalence. It maximises the likelihood, which is concave
    here. One row of the training prevalence is added, so that the answer is never 0 or 1.

    Parameters
    ----------
    value : (n,) float64
        Log-odds under the prevalence `before`.
    counts : (n,) number
        How many rows have each of them.
    before : float
        Prevalence in training.

    Returns
    -------
    float
        Between 0 and 1.
    """
    ratio = np.exp(np.clip(shift_prevalence(value, before, 0.5), -60, 60))
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        expected = counts @ (middle * ratio / (middle * ratio + 1 - middle)) + before
        low, high = (middle, high) if expected > middle * (counts.sum() + 1) else (low, middle)
    return (low + high) / 2


def _parse_class(item: Mapping[str, Any]) -> ClassCalibration:
    found = ClassCalibration(**item)
    reference = item.get("reference")
    if reference is None:
        return found
    parts = {name: tuple(values) for name, values in reference.items()}
    return replace(found, reference=ScoreReference(**parts))


@dataclass(frozen=True)
class Calibration:
    """The calibrations of all classes of a bundle.

    Attributes
    ----------
    algorithm : str
    options : CalibrationOptions
    classes : dict of class tag to ClassCalibration
    """

    algorithm: str
    options: CalibrationOptions
    classes: Mapping[str, ClassCalibration] = field(default_factory=dict)

    @cached_property
    def content(self) -> bytes:
        """The bytes of ``calibration.json``."""
        data = {
            "kind": KIND,
            "schema_version": SCHEMA_VERSION,
            "algorithm": self.algorithm,
            "options": asdict(self.options),
            "classes": {tag: asdict(item) for tag, item in self.classes.items()},
        }
        return (json.dumps(data, indent=1, allow_nan=False) + "\n").encode()

    @classmethod
    def parse(cls, content: bytes, where: object) -> Calibration:
        """Read the bytes of ``calibration.json``.

        Raises
        ------
        BundleError
            If they are of no kind that this version reads.
        """
        try:
            data = parse_json(content)
            found = (data["kind"], data["schema_version"])
            if found != (KIND, SCHEMA_VERSION):
                raise ValueError(f"{found[0]}, version {found[1]}")
            options = CalibrationOptions(**data["options"])
            classes = {tag: _parse_class(item) for tag, item in data["classes"].items()}
            for item in classes.values():
                if item.method not in (RANK, *MAPS):
                    raise ValueError(f"method {item.method}")
            return cls(str(data["algorithm"]), options, classes)
        except (ValueError, KeyError, TypeError, AttributeError, ConfigError) as error:
            raise BundleError(
                f"calibration that this version does not read, {where}",
                value=str(error),
                allowed=f"{KIND}, version {SCHEMA_VERSION}",
                todo="take the bundle again from where it came from, or train it again",
            ) from error
