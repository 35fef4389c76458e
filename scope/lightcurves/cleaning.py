"""Cleaning: what makes an epoch usable, and a light curve long enough."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from scope.errors import ConfigError
from scope.lightcurves.curves import HJD_OF_HMJD_ZERO, LightCurves
from scope.lightcurves.left_out import LeftOut
from scope.lightcurves.points import (
    OWN,
    POINT_REASONS,
    PointLimits,
    first_failures,
    judge_points,
    settle_dates,
)

MINUTES_PER_DAY = 1440.0

NO_LIGHT_CURVE = "no_light_curve"
NO_GOOD_EPOCHS = "no_good_epochs"
TOO_FEW_EPOCHS = "too_few_epochs"
OTHER_DATES = "other_dates"


@dataclass(frozen=True)
class CleaningOptions:
    """Limits on the points of a light curve that are kept.

    Attributes
    ----------
    min_epochs : int
        Light curves with fewer epochs after decimation are dropped.
    min_cadence_minutes : float
        An epoch closer than this to the last kept one is left out; 0 keeps all but
        those at equal times.
    max_timestamp_hjd : float or None
        Epochs later than this heliocentric Julian date are left out.
    limits : PointLimits
        What a point can be; those beyond are left out.

    Raises
    ------
    ConfigError
        If a value is out of range.
    """

    min_epochs: int = 50
    min_cadence_minutes: float = 30.0
    max_timestamp_hjd: float | None = None
    limits: PointLimits = field(default_factory=PointLimits)

    def __post_init__(self) -> None:
        if self.min_epochs < 1:
            raise ConfigError(
                "minimum number of epochs", value=self.min_epochs, allowed="1 or more"
            )
        if not (math.isfinite(self.min_cadence_minutes) and self.min_cadence_minutes >= 0):
            raise ConfigError(
                "minimum cadence in minutes",
                value=self.min_cadence_minutes,
                allowed="a finite number, 0 or more",
            )
        latest = self.max_timestamp_hjd
        # Below stand modified dates, with which nothing would be left.
        if latest is not None and not HJD_OF_HMJD_ZERO <= latest < math.inf:
            raise ConfigError(
                "latest heliocentric Julian date",
                value=latest,
                allowed=f"a date from {HJD_OF_HMJD_ZERO} on, or nothing for no cut",
                todo=f"add {HJD_OF_HMJD_ZERO} to modified dates",
            )

    def facts(self) -> dict[str, Any]:
        """Return the options, for the record of a product."""
        return {
            "min_epochs": self.min_epochs,
            "min_cadence_minutes": self.min_cadence_minutes,
            "max_timestamp_hjd": self.max_timestamp_hjd,
            "point_limits": self.limits.facts(),
        }


class Cleaned(NamedTuple):
    """Light curves after cleaning, in the order of the input.

    Attributes
    ----------
    lightcurves : LightCurves
        Without flags, and without the points of those that were dropped.
    n_epochs : (n,) int64
        Good epochs, also of those that were dropped for having few.
    reasons : (n,) object
        None where a light curve was kept, else a key of `scope.schema.REASONS`.
    left_out : LeftOut
        Points that are not used, and dates that are not what their column says.
    """

    lightcurves: LightCurves
    n_epochs: npt.NDArray[np.int64]
    reasons: npt.NDArray[np.object_]
    left_out: LeftOut


def clean(
    lightcurves: LightCurves, options: CleaningOptions | None = None
) -> tuple[LightCurves, npt.NDArray[np.object_]]:
    """Keep the good epochs, sorted and decimated, of the light curves that have enough.

    See `clean_rows`; a warning says what could not be a measurement.

    Returns
    -------
    lightcurves : LightCurves
        n light curves in the order of the input, without flags; those dropped have no
        points.
    reasons : (n,) object
    """
    cleaned = clean_rows(lightcurves, options)
    cleaned.left_out.warn("light curves")
    return cleaned.lightcurves, cleaned.reasons


def clean_rows(lightcurves: LightCurves, options: CleaningOptions | None = None) -> Cleaned:
    """Keep the good epochs, sorted and decimated, of the light curves that have enough.

    An epoch is good if its flags are 0, time, magnitude and error are finite and within
    `PointLimits`, and the time is not after ``max_timestamp_hjd``. Good epochs are sorted
    by time, those at equal times in the order of the input. Then the first one is kept,
    and each one that is at least ``min_cadence_minutes`` (and any time at all) after
    the last kept one: of equal times, the first stays. Times are compared as they are
    given: two epochs 30 minutes apart to the microsecond may fall to either side in
    another time system or precision.

    Parameters
    ----------
    lightcurves : LightCurves
        n light curves, with flags or without (then no epoch is flagged).
    options : CleaningOptions, optional
        Defaults as in `CleaningOptions`.

    Returns
    -------
    Cleaned
        Reasons: the fault that a light curve came with, ``no_light_curve`` (no epoch came
        in), ``other_dates`` (its dates are not what its column says, so that the cut
        cannot be made), ``no_good_epochs`` or ``too_few_epochs``.
    """
    options = options or CleaningOptions()
    dates = settle_dates(lightcurves, options.limits)
    good, left_out = judge_points(lightcurves, dates, options.limits, options.max_timestamp_hjd)
    curves, n_close = _good_epochs(lightcurves, dates.time, good, options)
    if n_close:
        left_out["too_close"] = n_close
    reasons = _why_dropped(lightcurves, curves.n_epochs, dates.system, options)
    return Cleaned(
        emptied(curves, is_dropped(reasons)),
        curves.n_epochs,
        reasons,
        LeftOut.of(lightcurves, left_out, dates.system),
    )


def good_epochs(lightcurves: LightCurves, options: CleaningOptions) -> LightCurves:
    """Return the good epochs, sorted and decimated as in `clean_rows`, of all light curves."""
    dates = settle_dates(lightcurves, options.limits)
    good, _ = judge_points(lightcurves, dates, options.limits, options.max_timestamp_hjd)
    return _good_epochs(lightcurves, dates.time, good, options)[0]


def point_reasons(lightcurves: LightCurves, options: CleaningOptions) -> npt.NDArray[np.object_]:
    """Return why `clean_rows` does not use each point.

    Returns
    -------
    (points,) object
        A key of `scope.lightcurves.points.POINT_REASONS`; None where the point is used, if its
        light curve is.
    """
    dates = settle_dates(lightcurves, options.limits)
    code = first_failures(lightcurves, dates, options.limits, options.max_timestamp_hjd)
    index, kept = _kept_epochs(lightcurves, dates.time, code < 0, options)
    names = np.array([*POINT_REASONS, None], dtype=object)
    code[index[~kept]] = list(POINT_REASONS).index("too_close")
    return names[code]


def _good_epochs(
    lightcurves: LightCurves,
    time: npt.NDArray[np.float64],
    good: npt.NDArray[np.bool_],
    options: CleaningOptions,
) -> tuple[LightCurves, int]:
    """Return good epochs, sorted and decimated, and how many the decimation left out."""
    curve = np.repeat(np.arange(len(lightcurves)), lightcurves.n_epochs)
    index, kept = _kept_epochs(lightcurves, time, good, options)
    index = index[kept]
    curves = LightCurves(
        ids=lightcurves.ids,
        offsets=_offsets(np.bincount(curve[index], minlength=len(lightcurves))),
        time=time[index],
        mag=lightcurves.mag[index],
        magerr=lightcurves.magerr[index],
        time_zero_hjd=lightcurves.time_zero_hjd,
    )
    return curves, int(np.count_nonzero(~kept))


def _kept_epochs(
    lightcurves: LightCurves,
    time: npt.NDArray[np.float64],
    good: npt.NDArray[np.bool_],
    options: CleaningOptions,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return where the good epochs are, by curve and time, and which the decimation keeps."""
    curve = np.repeat(np.arange(len(lightcurves)), lightcurves.n_epochs)
    index = np.flatnonzero(good)
    index = index[_stable_order(curve[index], time[index])]
    n_good = np.bincount(curve[index], minlength=len(lightcurves))
    return index, _decimate_each(time[index], n_good, options.min_cadence_minutes)


def _why_dropped(
    lightcurves: LightCurves,
    n_good: npt.NDArray[np.int64],
    system: npt.NDArray[np.int8],
    options: CleaningOptions,
) -> npt.NDArray[np.object_]:
    """Return the reason of each light curve for being dropped, (n,) object, None if kept."""
    reasons = np.full(len(n_good), None, dtype=object)
    reasons[n_good < options.min_epochs] = TOO_FEW_EPOCHS
    reasons[n_good == 0] = NO_GOOD_EPOCHS
    if options.max_timestamp_hjd is not None:
        reasons[system != OWN] = OTHER_DATES
    reasons[lightcurves.n_epochs == 0] = NO_LIGHT_CURVE
    if lightcurves.faults is None:
        return reasons
    return np.where(is_dropped(lightcurves.faults), lightcurves.faults, reasons)


def is_dropped(reasons: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    """Tell which entries name a reason, (n,) bool.

    `reasons`: (n,) object, None for those that are kept.
    """
    return np.fromiter((reason is not None for reason in reasons), np.bool_, len(reasons))


def emptied(lightcurves: LightCurves, which: npt.NDArray[np.bool_]) -> LightCurves:
    """Return the light curves without the points of those marked in `which`, (n,) bool."""
    if not which.any():
        return lightcurves
    lengths = lightcurves.n_epochs
    keep = np.repeat(~which, lengths)
    return LightCurves(
        ids=lightcurves.ids,
        offsets=_offsets(np.where(which, 0, lengths)),
        time=lightcurves.time[keep],
        mag=lightcurves.mag[keep],
        magerr=lightcurves.magerr[keep],
        catflags=None if lightcurves.catflags is None else lightcurves.catflags[keep],
        time_zero_hjd=lightcurves.time_zero_hjd,
    )


def decimate(time: npt.ArrayLike, min_cadence_minutes: float = 30.0) -> npt.NDArray[np.bool_]:
    """Tell which epochs of one light curve are kept.

    The first epoch is kept, then each one at least `min_cadence_minutes` after the last
    kept one. Epochs at equal times are never both kept.

    Parameters
    ----------
    time : (n,) float
        Times in days, ascending.
    min_cadence_minutes : float
        Least distance of kept epochs in minutes.

    Returns
    -------
    (n,) bool
        True where the epoch is kept.
    """
    time = np.ascontiguousarray(time, dtype=np.float64)
    return _decimate_each(time, np.array([len(time)]), min_cadence_minutes)


def _stable_order(
    curve: npt.NDArray[np.int64], time: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64] | slice:
    """Return what sorts points by curve, then time, then position; `curve` ascends."""
    falls = (np.diff(time) < 0) & (np.diff(curve) == 0)
    # Bulk files are sorted nearly always, and the check is much cheaper than the sort.
    return np.lexsort((time, curve)) if falls.any() else slice(None)


def _decimate_each(
    time: npt.NDArray[np.float64], lengths: npt.NDArray[np.int64], min_cadence_minutes: float
) -> npt.NDArray[np.bool_]:
    """Decimate curves that lie one after another, (points,) bool."""
    # Here and not at the top, so that importing the package does not import numba.
    from scope.lightcurves._kernels import decimate_curves

    return decimate_curves(time, _offsets(lengths), min_cadence_minutes / MINUTES_PER_DAY)


def _offsets(lengths: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
