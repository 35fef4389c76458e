"""How far the ranked periods of several algorithms agree.

Two periods match if their ratio is within 5 % of 1, 1/2, 2, 1/3 or 3; periods below
0.007 d take no part. The seven numbers are those of the SCoPe pipeline.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

TOLERANCE = 0.05
RATIOS = np.array([1.0, 1 / 2, 2.0, 1 / 3, 3.0])
SHORTEST_DAYS = 0.007

AGREEMENT = (
    ("n_agree_pairs", "", "Pairs of algorithms with a matching period among their ranked ones"),
    ("n_total_pairs", "", "Pairs of algorithms compared"),
    ("agree_score", "", "Fraction of pairs with a matching period among their ranked ones"),
    ("agree_strict", "", "Fraction of pairs whose best periods match"),
    ("agree_weighted", "", "Mean over pairs of the largest 1/(rank x rank) of a match"),
    ("best_agree_period", "d", "First ranked period that matches one of another algorithm"),
    ("best_consensus_period", "d", "Period with most votes 1/(rank x rank) of other algorithms"),
)
"""Column name, unit and meaning."""


def matches(a: npt.ArrayLike, b: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Tell of every pair of periods whether they match; NaN matches nothing.

    Parameters
    ----------
    a, b : (m,) and (n,) array
        Periods, days.

    Returns
    -------
    (m, n) bool
    """
    left = np.asarray(a, dtype=np.float64)[:, None, None]
    right = np.asarray(b, dtype=np.float64)[None, :, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        near = np.abs(left / (right * RATIOS) - 1.0) < TOLERANCE
        long_enough = (left >= SHORTEST_DAYS) & (right >= SHORTEST_DAYS)
    return np.any(near & long_enough, axis=2)


def agreement(best: Sequence[float], ranked: Sequence[npt.NDArray[np.float64]]) -> dict[str, float]:
    """Agreement of two or more algorithms about one light curve.

    Parameters
    ----------
    best : (algorithms,) float
        Best period of each algorithm, days.
    ranked : sequence of (n_top,) float64
        Ranked periods of each algorithm, days; NaN where there are fewer.

    Returns
    -------
    dict of float
        By the names of `AGREEMENT`; the two periods are NaN where nothing matches.
    """
    pairs = list(combinations(range(len(ranked)), 2))
    n_agree, n_strict, weighted, first = 0, 0, 0.0, math.nan
    for i, j in pairs:
        n_strict += bool(matches([best[i]], [best[j]])[0, 0])
        match = matches(ranked[i], ranked[j])
        if match.any():
            n_agree += 1
            weighted += float(np.max(_weights(match.shape)[match]))
            if math.isnan(first):
                first = float(ranked[i][np.argmax(match.any(axis=1))])
    return {
        "n_agree_pairs": n_agree,
        "n_total_pairs": len(pairs),
        "agree_score": n_agree / len(pairs),
        "agree_strict": n_strict / len(pairs),
        "agree_weighted": weighted / len(pairs),
        "best_agree_period": first,
        "best_consensus_period": _consensus(ranked),
    }


def _weights(shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """1/(rank x rank) of every pair of ranks."""
    return 1.0 / np.outer(np.arange(1, shape[0] + 1), np.arange(1, shape[1] + 1))


def _consensus(ranked: Sequence[npt.NDArray[np.float64]]) -> float:
    """The period with most votes; matching periods share one ballot, the first one's."""
    names: list[float] = []
    votes: list[float] = []
    for i, periods in enumerate(ranked):
        for rank, period in enumerate(periods):
            if not period >= SHORTEST_DAYS:
                continue
            vote = 0.0
            for j, other in enumerate(ranked):
                match = matches([period], other)[0]
                if j != i and match.any():
                    vote += 1.0 / ((rank + 1) * (int(np.argmax(match)) + 1))
            same = matches([period], names)[0]
            if same.any():
                votes[int(np.argmax(same))] += vote
            else:
                names.append(float(period))
                votes.append(vote)
    if not votes or max(votes) == 0.0:
        return math.nan
    return names[int(np.argmax(votes))]
