"""The features of light curves on one CUDA device, for ragged batches.

The same functions as `scope.features.statistics.statistics`, `scope.features.fourier.fourier`
and `scope.features.dmdt.dmdt`, with the same arguments and results: the histogram to the
last bit, all else to the rounding of sums that are added in another order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from scope.errors import ConfigError
from scope.features import fourier as on_cpu
from scope.features.edges import N_BINS, DmdtEdges
from scope.features.registry import FourierForm, names_of
from scope.lightcurves.curves import LightCurves
from scope.periods.backends.cuda import device as devices
from scope.periods.backends.cuda.device import Program, Workspace, in_workspaces
from scope.periods.backends.cuda.programs import common_source

THREADS = 128
Table = npt.NDArray[np.float64]


@lru_cache(maxsize=1)
def features_program() -> Program:
    """Return the kernels of statistics, Fourier features and histograms."""
    constants: dict[str, Any] = {
        "MAX_HARMONICS": on_cpu.MAX_HARMONICS,
        "FOURIER_DEPENDENT": on_cpu.DEPENDENT,
        "TWO_PI": repr(2.0 * math.pi),
        "DMDT_BINS": N_BINS,
    }
    constants |= column_constants()
    defines = [f"#define {name} {value}" for name, value in constants.items()]
    sources = [
        files(__package__).joinpath(name).read_text(encoding="utf-8")
        for name in ("statistics.cu", "fourier.cu", "dmdt.cu")
    ]
    return Program("features", "\n".join([*defines, common_source(), *sources]))


def column_constants() -> dict[str, int]:
    """Return what the kernels call the columns: how many there are, and where each is."""
    found: dict[str, int] = {}
    for group in ("statistics", "fourier"):
        names = names_of(group)
        found[group.upper()] = len(names)
        found |= {f"AT_{name.upper()}": number for number, name in enumerate(names)}
    return found


def statistics(lightcurves: LightCurves) -> Table:
    """Compute the statistics of many light curves, see `scope.features.statistics.statistics`."""
    width = len(names_of("statistics"))

    def answer(workspace: Workspace, curves: LightCurves, _: slice) -> Table:
        offsets, time, mag, magerr = _put(workspace, curves)
        # Sorted in place, in arrays of a power of two.
        sizes = [1 << max(int(n) - 1, 0).bit_length() for n in curves.n_epochs]
        starts = np.concatenate([[0], np.cumsum(2 * np.array(sizes, dtype=np.int64))])
        work = workspace.empty(int(starts[-1]), np.float64)
        out = workspace.empty(len(curves) * width, np.float64)
        arguments = (offsets, time, mag, magerr, workspace.put(starts), work, out)
        workspace.launch(features_program(), "statistics", len(curves), THREADS, arguments)
        return workspace.get(out)

    return _for_batches(lightcurves, 24 + 32, width, answer)


def fourier(lightcurves: LightCurves, period: Table, form: FourierForm = "raw") -> Table:
    """Fit the Fourier series of many light curves, see `scope.features.fourier.fourier`."""
    if form not in get_args(FourierForm):
        raise ConfigError("form of the Fourier features", value=form, allowed=get_args(FourierForm))
    width = len(names_of("fourier"))
    columns = 2 + 2 * on_cpu.MAX_HARMONICS + 1

    def answer(workspace: Workspace, curves: LightCurves, rows: slice) -> Table:
        offsets, time, mag, magerr = _put(workspace, curves)
        work = workspace.empty(len(curves.time) * columns, np.float64)
        out = workspace.empty(len(curves) * width, np.float64)
        periods = workspace.put(np.asarray(period, dtype=np.float64)[rows])
        zero = np.float64(curves.time_zero_hjd)
        arguments = (offsets, time, mag, magerr, zero, periods, work, out)
        workspace.launch(features_program(), "fourier", len(curves), THREADS, arguments)
        return workspace.get(out)

    raw = _for_batches(lightcurves, 24 + 8 * columns, width, answer)
    return on_cpu.polar(raw) if form == "polar" else raw


def dmdt(lightcurves: LightCurves, edges: DmdtEdges | None = None) -> Table:
    """Compute the histogram of many light curves, see `scope.features.dmdt.dmdt`."""
    chosen = edges or DmdtEdges()

    def answer(workspace: Workspace, curves: LightCurves, _: slice) -> Table:
        # Differences of times near zero, not of Julian dates, carry the better rounding.
        first = np.repeat(curves.offsets[:-1], curves.n_epochs)
        offsets, time, mag, _magerr = _put(workspace, curves, curves.time[first])
        dm, dt = (workspace.put(np.array(part)) for part in (chosen.dm, chosen.dt))
        out = workspace.empty(len(curves) * N_BINS * N_BINS, np.float64)
        arguments = (offsets, time, mag, dm, dt, out)
        workspace.launch(features_program(), "dmdt", len(curves), THREADS, arguments)
        return workspace.get(out)

    flat = _for_batches(lightcurves, 24, N_BINS * N_BINS, answer)
    return flat.reshape(-1, N_BINS, N_BINS)


def _put(
    workspace: Workspace, curves: LightCurves, zero: Table | float = 0.0
) -> tuple[Any, Any, Any, Any]:
    """Copy offsets, times less `zero`, magnitudes and errors to the device."""
    return (
        workspace.put(np.asarray(curves.offsets, dtype=np.int64)),
        workspace.put(curves.time - zero),
        workspace.put(curves.mag.astype(np.float64)),
        workspace.put(curves.magerr.astype(np.float64)),
    )


def _for_batches(
    lightcurves: LightCurves,
    bytes_per_point: int,
    width: int,
    answer: Callable[[Workspace, LightCurves, slice], Table],
) -> Table:
    """Answer batches that fit into device memory; (curves, width)."""
    n_epochs = lightcurves.n_epochs.tolist()

    def bytes_of(row: int) -> float:
        return bytes_per_point * n_epochs[row] + 8 * width

    def answered(workspace: Workspace, rows: Sequence[int]) -> list[Table]:
        batch = slice(rows[0], rows[-1] + 1)
        return list(answer(workspace, lightcurves[batch], batch).reshape(-1, width))

    parts = in_workspaces(devices.open_device(), range(len(lightcurves)), bytes_of, answered)
    return np.array(parts).reshape(-1, width)
