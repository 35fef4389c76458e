"""The published nested search: two algorithms propose, a third decides.

Lomb-Scargle and conditional entropy scan the whole grid; the analysis of variance is
evaluated exactly at the union of their best grid points, and its maximum wins
(SCoPe: Healy et al. 2024, ApJS 272, 14).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scope.periods.backends import Backend, Curve, Floats, Scan
from scope.periods.options import PeriodOptions


class Choice(NamedTuple):
    """Candidates of the nested search, best first.

    Attributes
    ----------
    frequency : (k,) float64
        1/d.
    statistic : (k,) float64
        Analysis of variance, a raw value and no number of standard deviations.
    """

    frequency: Floats
    statistic: Floats


def choose(
    curve: Curve, power: Scan, entropy: Scan, options: PeriodOptions, backend: Backend
) -> Choice | None:
    """Rank the candidates of both scans by analysis of variance.

    None where that is undefined: with no more points than phase bins.
    """
    if len(curve.time) <= options.phase_bins:
        return None
    best = options.top_n_periods
    candidates = np.union1d(power.frequency[:best], entropy.frequency[:best])
    statistic = backend.evaluate("AOV", curve, candidates, options)
    order = np.lexsort((candidates, -statistic))
    return Choice(candidates[order], statistic[order])
