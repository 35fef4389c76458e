"""Which points of light curves can be measurements at all, and in which system dates are.

Dates are judged light curve by light curve, so that what is made of one never depends on
the others of its file.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from scope.errors import ConfigError
from scope.lightcurves.curves import HJD_OF_HMJD_ZERO, LightCurves

POINT_REASONS: dict[str, str] = {
    "missing": "no time, magnitude or error, or one that is not finite",
    "flagged": "the survey's quality flags are not 0",
    "impossible_time": "a date outside of earliest_hmjd to latest_hmjd",
    "impossible_magnitude": "a magnitude outside of brightest_mag to faintest_mag",
    "impossible_error": "an error outside of smallest_error to largest_error",
    "after_cut": "later than max_timestamp_hjd",
    "too_close": "less than min_cadence_minutes after the last point that stays",
}
"""Why a point is not used; of several reasons the first one counts."""

EXPECTED = ("flagged", "after_cut", "too_close")
"""Reasons that points of any good light curve have."""

OWN, MODIFIED, JULIAN, UNKNOWN = 0, 1, 2, 3
"""Dates of a light curve are as its column says; modified Julian dates where Julian ones
should be; the reverse; or of neither system."""

LONGEST_UNKNOWN_DAYS = 100_000.0
"""Dates of an unknown zero beyond this are no days."""


@dataclass(frozen=True)
class PointLimits:
    """Limits of a point of a light curve; all ends are included.

    Attributes
    ----------
    earliest_hmjd, latest_hmjd : float
        Heliocentric modified Julian dates, days.
    brightest_mag, faintest_mag : float
        Magnitudes; placeholders such as 99 and -99 lie beyond.
    smallest_error, largest_error : float
        Standard errors of magnitudes.

    Raises
    ------
    ConfigError
        If a range is empty, or errors may be 0.
    """

    earliest_hmjd: float = 15020.0
    latest_hmjd: float = 88069.0
    brightest_mag: float = -30.0
    faintest_mag: float = 40.0
    smallest_error: float = 1e-7
    largest_error: float = 5.0

    def __post_init__(self) -> None:
        for low, high in (
            ("earliest_hmjd", "latest_hmjd"),
            ("brightest_mag", "faintest_mag"),
            ("smallest_error", "largest_error"),
        ):
            ends = getattr(self, low), getattr(self, high)
            if not (all(map(math.isfinite, ends)) and ends[0] < ends[1]):
                raise ConfigError(
                    f"range of points that is empty, {low} to {high}",
                    value=f"{ends[0]} to {ends[1]}",
                    allowed="finite numbers, the first below the second",
                )
        if self.smallest_error <= 0:
            raise ConfigError(
                "smallest error of a point", value=self.smallest_error, allowed="above 0"
            )

    def facts(self) -> dict[str, Any]:
        """Return the limits, for the record of a product."""
        return dict(vars(self))


class Dates(NamedTuple):
    """Times of light curves in one system.

    Attributes
    ----------
    time : (points,) float64
        Days, less the time zero of the light curves; the input itself where nothing moved.
    possible : (points,) bool
        Which times are within the limits.
    system : (n,) int8
        `OWN`, `MODIFIED`, `JULIAN` or `UNKNOWN` for each light curve.
    """

    time: npt.NDArray[np.float64]
    possible: npt.NDArray[np.bool_]
    system: npt.NDArray[np.int8]


def settle_dates(lightcurves: LightCurves, limits: PointLimits) -> Dates:
    """Find out in which system the dates of each light curve are, and which are possible.

    A light curve is of the system, Julian dates or modified ones, in which most of its
    dates are possible, and of its column's where that is a tie. Where no date is possible
    in either, its days are counted from an unknown zero: nothing but the HJD cut depends
    on it, so that only what can be no day at all is impossible.

    Parameters
    ----------
    lightcurves : LightCurves
    limits : PointLimits
    """
    time = lightcurves.time
    first = limits.earliest_hmjd + HJD_OF_HMJD_ZERO - lightcurves.time_zero_hjd
    last = limits.latest_hmjd + HJD_OF_HMJD_ZERO - lightcurves.time_zero_hjd
    system = np.zeros(len(lightcurves), dtype=np.int8)
    possible = (time >= first) & (time <= last)
    if possible.all():
        return Dates(time, possible, system)
    curve = np.repeat(np.arange(len(lightcurves)), lightcurves.n_epochs)
    # What is added to the dates of a light curve, by system: modified ones that were taken
    # for Julian dates may have lost the difference already.
    shifts = np.array([0.0, HJD_OF_HMJD_ZERO, -HJD_OF_HMJD_ZERO])
    counts = np.array(
        [
            np.bincount(
                curve,
                weights=(time + shift >= first) & (time + shift <= last),
                minlength=len(lightcurves),
            )
            for shift in shifts
        ]
    )
    choice = counts.argmax(axis=0)
    finite = np.bincount(curve, weights=np.isfinite(time), minlength=len(lightcurves))
    system[:] = choice
    system[(counts.max(axis=0) == 0) & (finite > 0)] = UNKNOWN
    # Adding 0 keeps every bit of the dates that stay.
    time = time + shifts[choice][curve]
    possible = (time >= first) & (time <= last)
    unknown = (system == UNKNOWN)[curve]
    possible[unknown] = np.abs(time[unknown]) <= LONGEST_UNKNOWN_DAYS
    return Dates(time, possible, system)


def judge_points(
    lightcurves: LightCurves,
    dates: Dates,
    limits: PointLimits,
    max_timestamp_hjd: float | None = None,
) -> tuple[npt.NDArray[np.bool_], Counter[str]]:
    """Tell which points can be used, and count the others by reason.

    Parameters
    ----------
    lightcurves : LightCurves
        With flags or without (then no point is flagged).
    dates : Dates
        Of `settle_dates`.
    limits : PointLimits
    max_timestamp_hjd : float, optional
        Latest heliocentric Julian date.

    Returns
    -------
    good : (points,) bool
    left_out : Counter
        Points by reason, keys of `POINT_REASONS`.
    """
    code = first_failures(lightcurves, dates, limits, max_timestamp_hjd)
    good = code < 0
    names = list(POINT_REASONS)
    counts = np.bincount(code[~good], minlength=len(names)).tolist()
    return good, Counter({name: n for name, n in zip(names, counts, strict=True) if n})


def first_failures(
    lightcurves: LightCurves,
    dates: Dates,
    limits: PointLimits,
    max_timestamp_hjd: float | None = None,
) -> npt.NDArray[np.int8]:
    """Return why each point cannot be used, see `judge_points`.

    Returns
    -------
    (points,) int8
        Place in `POINT_REASONS`, -1 where the point can be used.
    """
    time, mag, magerr = dates.time, lightcurves.mag, lightcurves.magerr
    checks = {"missing": np.isfinite(time) & np.isfinite(mag) & np.isfinite(magerr)}
    if lightcurves.catflags is not None:
        checks["flagged"] = lightcurves.catflags == 0
    checks["impossible_time"] = dates.possible
    checks["impossible_magnitude"] = (mag >= limits.brightest_mag) & (mag <= limits.faintest_mag)
    checks["impossible_error"] = (magerr >= limits.smallest_error) & (
        magerr <= limits.largest_error
    )
    if max_timestamp_hjd is not None:
        # The zero goes to the other side: adding it to the times would round them.
        checks["after_cut"] = time <= max_timestamp_hjd - lightcurves.time_zero_hjd
    code = np.full(len(time), -1, dtype=np.int8)
    names = list(POINT_REASONS)
    for reason, passed in checks.items():
        if not passed.all():
            code[(code < 0) & ~passed] = names.index(reason)
    return code
