"""All features of a batch of light curves, shared out over threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scope.errors import ConfigError, InputError
from scope.features.edges import SIZE, DmdtEdges
from scope.features.options import FeatureOptions
from scope.features.registry import FourierForm, names_of
from scope.lightcurves.curves import LightCurves
from scope.periods import search_periods, suffixes

TASK_CURVES = 8
"""Light curves of one task of a thread: enough to hide what starting it costs, few enough
that threads end together. No number depends on it."""

TASK_CURVES_TOGETHER = 256
"""The same for a GPU, which many light curves at once must keep busy."""

Table = npt.NDArray[np.float64]
Values = dict[str, npt.NDArray[np.generic]]
"""Feature values by column name, one entry or row per light curve."""


def compute_batch(
    lightcurves: LightCurves,
    options: FeatureOptions | None = None,
    *,
    backend: str = "cpu",
    workers: int = 1,
) -> Values:
    """Compute the features of cleaned light curves.

    The features of a light curve depend on that light curve and the options only: not on
    the batch, its order, or the number of threads.

    Parameters
    ----------
    lightcurves : LightCurves
        n curves with times rising within each.
    options : FeatureOptions, optional
    backend : str
        Who computes: the ``cpu``, ``cuda``, or ``reference`` for the period search alone.
    workers : int
        Threads.

    Returns
    -------
    dict of str to (n,) array
        By the names and in the order of `scope.features.registry.light_curve_columns`:
        float64, NaN where a feature is undefined; bool flags; ``dmdt`` is (n, 676)
        float32.

    Raises
    ------
    InputError
        If the times of a light curve fall.
    BackendError
        If the backend is not there.
    """
    options = options or FeatureOptions()
    tasks = list(tasks_of(lightcurves, backend)) or [lightcurves]
    with thread_pool(workers) as pool:
        parts = [pool.submit(compute_task, task, options, backend) for task in tasks]
        try:
            return join([part.result() for part in parts])
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def thread_pool(workers: int) -> ThreadPoolExecutor:
    """Return a pool of `workers` threads.

    Raises
    ------
    ConfigError
        If there are none.
    """
    if workers < 1:
        raise ConfigError("number of workers", value=workers, allowed="1 or more")
    return ThreadPoolExecutor(workers, thread_name_prefix="features")


def tasks_of(lightcurves: LightCurves, backend: str) -> Iterator[LightCurves]:
    """Cut light curves into pieces, each the work of one thread at a time."""
    return lightcurves.batches(TASK_CURVES_TOGETHER if backend == "cuda" else TASK_CURVES)


def join(parts: Iterable[Values]) -> Values:
    """Join the values of pieces, in order.

    Of each column the `parts` have (n, ...) rows; the result has them one after the other, (sum of
    n, ...).
    """
    parts = list(parts)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def compute_task(lightcurves: LightCurves, options: FeatureOptions, backend: str) -> Values:
    """Compute the features of a few light curves in this thread, see `compute_batch`."""
    _require_rising(lightcurves)
    compute = _functions(backend)
    values: Values = {}
    _add(values, names_of("statistics"), compute.statistics(lightcurves))
    values.update(search_periods(lightcurves, options.search, backend=backend).columns)
    for suffix in suffixes(options.search):
        period = values[f"period_{suffix}"].astype(np.float64)
        values.update(fourier_columns(lightcurves, suffix, period, options.fourier, backend))
    histograms = compute.dmdt(lightcurves, options.dmdt)
    values["dmdt"] = histograms.reshape(len(lightcurves), SIZE).astype(np.float32)
    return values


def fourier_columns(
    lightcurves: LightCurves,
    suffix: str,
    period: npt.NDArray[np.float64],
    form: FourierForm,
    backend: str,
) -> Values:
    """Compute the Fourier features of light curves at the periods of a search.

    Parameters
    ----------
    lightcurves : LightCurves
        n curves.
    suffix : str
        Of the search.
    period : (n,) float64
        Days; NaN means none.
    form : {"raw", "polar"}
    backend : str

    Returns
    -------
    dict of str to (n,) float64
    """
    values: Values = {}
    names = tuple(f"{name}_{suffix}" for name in names_of("fourier"))
    _add(values, names, _functions(backend).fourier(lightcurves, period, form))
    return values


class _Functions(NamedTuple):
    """What computes the features besides the periods."""

    statistics: Callable[[LightCurves], Table]
    fourier: Callable[[LightCurves, Table, FourierForm], Table]
    dmdt: Callable[[LightCurves, DmdtEdges], Table]


def _functions(backend: str) -> _Functions:
    """The functions of a backend; all but the GPU's are the CPU's."""
    if backend == "cuda":
        from scope.features import cuda

        return _Functions(cuda.statistics, cuda.fourier, cuda.dmdt)
    from scope.features.dmdt import dmdt
    from scope.features.fourier import fourier
    from scope.features.statistics import statistics

    return _Functions(statistics, fourier, dmdt)


def _add(values: Values, names: tuple[str, ...], table: npt.NDArray[np.float64]) -> None:
    for position, name in enumerate(names):
        values[name] = table[:, position]


def _require_rising(lightcurves: LightCurves) -> None:
    """Raise where the times of a light curve fall: several kernels rely on their order."""
    falls = np.flatnonzero(np.diff(lightcurves.time) < 0) + 1
    within = falls[~np.isin(falls, lightcurves.offsets)]
    if len(within):
        curve = int(np.searchsorted(lightcurves.offsets, within[0], side="right")) - 1
        raise InputError(
            "light curve whose times are not sorted",
            value=f"_id {lightcurves.ids[curve]}",
            allowed="rising times",
            todo="clean the light curves first (scope.lightcurves.cleaning.clean)",
        )
