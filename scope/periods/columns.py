"""The columns that a period search writes: names, types, units and meanings, once."""

from __future__ import annotations

from scope.periods.agreement import AGREEMENT
from scope.periods.options import (
    JOINT,
    LS_BIC,
    NESTED,
    ONES,
    SINGLE,
    STATISTICS,
    PeriodOptions,
    suffixes,
)
from scope.periods.relations import FLAGS
from scope.periods.trend import TREND
from scope.schema import Column

JUDGED = (LS_BIC, JOINT)
"""Searches that tell P from 2P, and keep both, and whose false-alarm probability is known."""

_FALSE_ALARM = (
    "Decimal logarithm of the probability that significance_{0} is reached or exceeded by the "
    "same magnitudes in a random order; 0 where no model beats a constant"
)

_TREND = (
    "period_{} is an alias, by the day, of something slower than half the baseline, and a curve "
    "as slow explains 0.9 or more of what the period explains"
)

_RELATIONS = {
    "alias_day": "1 or 2 per day (solar or sidereal) from period_{}",
    "alias_month": "1 or 2 per lunar month from period_{}",
    "alias_year": "1 or 2 per year from period_{}",
    "harmonic": "at 1/2, 2, 1/3, 3, 2/3 or 3/2 of the frequency of period_{}",
}


def period_columns(options: PeriodOptions) -> list[Column]:
    """Columns of `search_periods`, in order, for these options."""
    columns: list[Column] = []
    for suffix in suffixes(options):
        columns += _columns_of(suffix)
        if suffix != ONES:
            columns += _ranked_columns(suffix, options.n_top_columns)
    if options.n_top_columns and len(agreeing(options)) > 1:
        columns += [_float(name, unit, meaning) for name, unit, meaning in AGREEMENT]
    return columns


def joint_columns() -> list[Column]:
    """Columns of `scope.periods.joint.search_stars`, in order."""
    return [
        *_columns_of(JOINT),
        _float(f"n_bands_{JOINT}", "", "Light curves of the star that were searched together"),
    ]


def agreeing(options: PeriodOptions) -> tuple[str, ...]:
    """Suffixes whose ranked periods are compared: each algorithm that ran by itself."""
    given = set(options.algorithms)
    return tuple(
        suffix
        for suffix in suffixes(options)
        if suffix not in (ONES, NESTED) and (suffix != "EAOV" or "EAOV" in given)
    )


def _columns_of(suffix: str) -> list[Column]:
    """Period, significance, derivative and flags of one search."""
    what, significance = _meaning(suffix)
    columns = [
        _float(f"period_{suffix}", "d", f"Period by {what}"),
        _float(f"significance_{suffix}", "", significance),
        _float(f"pdot_{suffix}", "", "Period derivative of the search: none is searched for, 0"),
        _bool(f"terrestrial_{suffix}", f"period_{suffix} lies in a terrestrial frequency band"),
    ]
    columns += [
        _bool(
            f"{flag}_{suffix}",
            f"Another peak, of at least 0.9 of its significance, lies {_RELATIONS[flag]}".format(
                suffix
            ),
        )
        for flag in FLAGS
    ]
    columns.append(_bool(f"{TREND}_{suffix}", _TREND.format(suffix)))
    if suffix in JUDGED:
        columns += [
            _float(f"log10_fap_{suffix}", "", _FALSE_ALARM.format(suffix)),
            _float(
                f"period_alt_{suffix}",
                "d",
                "The other reading: half of the period where doubled, else twice",
            ),
            _bool(
                f"doubled_{suffix}",
                "The period is twice the best-fitting one, whose folded shape is that of "
                "an eclipsing binary at half its period",
            ),
        ]
    return columns


def _meaning(suffix: str) -> tuple[str, str]:
    """What a search is, and what its significance is."""
    if suffix == LS_BIC:
        return (
            "Lomb-Scargle peaks and their harmonics, judged by Fourier and eclipse models",
            "Bayesian information criterion of a constant less that of the best model",
        )
    if suffix == JOINT:
        return (
            "all light curves of the star together, judged as LS_BIC is; null where it has one",
            "Sum over the light curves of the Bayesian information criterion of a constant "
            "less that of the best model",
        )
    if suffix == NESTED:
        return (
            "analysis of variance at the best periods of Lomb-Scargle and conditional entropy",
            "Analysis-of-variance statistic of the period",
        )
    if suffix == ONES:
        return "no search: 1", "No search: 1"
    return (
        STATISTICS[SINGLE[suffix]].meaning,
        "|best - mean| / standard deviation of the periodogram",
    )


def _ranked_columns(suffix: str, count: int) -> list[Column]:
    """Ranked distinct periods of one search."""
    columns = []
    for rank in range(1, count + 1):
        columns += [
            _float(f"period_{rank}_{suffix}", "d", f"Number {rank} of the distinct periods"),
            _float(f"significance_{rank}_{suffix}", "", f"Significance of period {rank}"),
        ]
    return columns


def _float(name: str, unit: str, description: str) -> Column:
    return Column(
        *(name, "float64", unit, True, description, "feature"),
        "time.period" if unit == "d" else "",
    )


def _bool(name: str, description: str) -> Column:
    return Column(name, "bool", "", False, description, "flag", "meta.code")
