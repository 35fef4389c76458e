"""Who computes: one module per kind of machine, all with the same functions.

A backend is a module with

``scan(statistic, curve, grid, removed, keep, options) -> Scan``
    one statistic (``LS``, ``CE`` or ``AOV``) over a whole grid, reduced;
``evaluate(statistic, curve, frequencies, options) -> (k,) float64``
    the same statistic, exactly, at a few frequencies;
``fourier_bic(curve, centres, offsets, max_order)`` and ``eclipse_bic(curve, frequencies, ceiling)``
    the models that judge, see `scope.periods.kernels`;

or a package that makes an object with these functions by ``open_backend()``. One that is
fast only with many light curves at once is a `TogetherBackend` as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NamedTuple, Protocol, TypeVar, runtime_checkable

import numpy as np
import numpy.typing as npt

from scope.errors import BackendError
from scope.periods.grid import Grid
from scope.periods.options import STATISTICS, PeriodOptions

Floats = npt.NDArray[np.float64]

BACKENDS = ("cpu", "cuda", "reference")
"""``cpu``: compiled, for production. ``cuda``: one GPU. ``reference``: plain numpy, slow, for
comparison."""

LARGER_IS_BETTER = {name: one.larger_is_better for name, one in STATISTICS.items()}


class Curve(NamedTuple):
    """One light curve, ready for the search: at least three points, not all at one time.

    Attributes
    ----------
    time : (n,) float64
        Days since the first point.
    mag : (n,) float64
        Magnitudes less their weighted mean; zeros where all are equal.
    weight : (n,) float64
        Inverse squared errors, of sum 1.
    error : (n,) float64
        Standard errors of the magnitudes.
    """

    time: Floats
    mag: Floats
    weight: Floats
    error: Floats


def weigh(time: Floats, mag: Floats, error: Floats) -> Curve:
    """Centre magnitudes on their weighted mean; weights are inverse squared errors.

    Times in days since the first point; the magnitudes may have any mean.

    `time` (days since the first point), `mag` and `error` (magnitudes, of any mean): (n,) float64.
    """
    # Relative to the smallest error, so that no square overflows.
    weight = (error.min() / error) ** 2
    weight /= np.sum(weight)
    return Curve(time, mag - np.sum(weight * mag), weight, error)


class Scan(NamedTuple):
    """Summary of one statistic over a whole grid: best points, peaks, mean and deviation.

    Attributes
    ----------
    frequency, value : (<= keep,) float64
        Best grid points [1/d] and their exact statistic, best first.
    peak_frequency, peak_value : (<= keep,) float64
        Best local optima, more than a peak width 1/T apart, best first.
    mean, deviation : float
        Of the statistic over the grid.
    """

    frequency: Floats
    value: Floats
    peak_frequency: Floats
    peak_value: Floats
    mean: float
    deviation: float

    def significance(self, value: npt.ArrayLike) -> Floats:
        """Return the distance of values from the mean of the grid, in its standard deviations.

        NaN on a flat periodogram. The result is float64, of the shape of `value`.

        Both are of one shape, (...).
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            result = np.abs(np.asarray(value, dtype=np.float64) - self.mean) / self.deviation
        return np.where(np.isfinite(result), result, np.nan)


class Backend(Protocol):
    """The functions of a backend module."""

    def scan(
        self,
        statistic: str,
        curve: Curve,
        grid: Grid,
        removed: npt.NDArray[np.int64],
        keep: int,
        options: PeriodOptions,
    ) -> Scan:
        """Reduce one statistic over a grid of frequencies.

        Parameters
        ----------
        removed : (m, 2) int64
            Rising ranges of grid positions to leave out.
        """

    def evaluate(
        self, statistic: str, curve: Curve, frequencies: Floats, options: PeriodOptions
    ) -> Floats:
        """Return one statistic at a few frequencies.

        `frequencies` (1/d) and the result: (k,) float64.
        """

    def fourier_bic(
        self, curve: Curve, centres: Floats, offsets: Floats, max_order: int
    ) -> tuple[Floats, npt.NDArray[np.int64]]:
        """Return criterion and order of the best Fourier series at each frequency.

        Parameters
        ----------
        centres : (m,) float64
            Middles of windows, 1/d.
        offsets : (lanes,) float64
            Places in each window, 1/d from its middle.

        Returns
        -------
        (m, lanes) float64, (m, lanes) int64
            0 and 0 where no series is better than a constant.
        """

    def eclipse_bic(
        self, curve: Curve, frequencies: Floats, ceiling: float
    ) -> tuple[Floats, npt.NDArray[np.int64]]:
        """Return criterion and number of boxes of the best eclipse model at each frequency.

        `frequencies` (1/d): (k,) float64; the result is (k,) float64 and (k,) int64.
        """


Subject = TypeVar("Subject")
Found = TypeVar("Found")


@runtime_checkable
class TogetherBackend(Protocol):
    """A backend that searches many light curves at once.

    Attributes
    ----------
    curves_together : int
        As many as make it fast.
    """

    curves_together: int

    def together(
        self, subjects: Sequence[Subject], search: Callable[[Subject, Backend], Found]
    ) -> list[Found]:
        """Return what `search` finds for each subject, a curve or several, on this backend."""


def get_backend(name: str) -> Backend:
    """The backend of that name.

    Raises
    ------
    BackendError
        If there is none, or what it needs is not installed.
    """
    if name not in BACKENDS:
        raise BackendError(
            "unknown backend of the period search",
            value=name,
            allowed=BACKENDS,
            todo="choose one of these",
        )
    try:
        module = import_module(f"scope.periods.backends.{name}")
    except ImportError as error:
        raise BackendError(
            f"backend {name} needs a package that is not installed",
            value=str(error.name),
            todo="install this project's requirements",
        ) from error
    backend: Backend = module.open_backend() if hasattr(module, "open_backend") else module
    return backend
