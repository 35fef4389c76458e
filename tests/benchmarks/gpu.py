"""How fast the GPU's backend is, and how far it agrees with the CPU's.

``python -m tests.benchmarks.gpu [--curves N] [--repeats R] [--agreement N] [--workers W]``

Curves of 50 to 1,500 points (mean about 364) over 1,800 days on the full grid up to 48 per
day: 863,980 frequencies, as in `tests.benchmarks.periods`. Rates are of wall time with all
that the host does, copies included; the table of kernels is of a run that waits for each
kernel. Needs cupy, numpy, scipy, numba, pandas and pyarrow.
"""

from __future__ import annotations

import argparse
import datetime
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np
import numpy.typing as npt

from scope.features.batch import compute_batch
from scope.features.options import FeatureOptions
from scope.lightcurves import LightCurves
from scope.periods import PeriodOptions, frequency_grid, search_periods
from scope.periods.backends.cuda import device as devices
from scope.periods.backends.cuda.device import Device, Program
from tests.benchmarks.periods import lengths, star

SEARCHES = {
    "LS": ("LS",),
    "CE": ("CE",),
    "AOV": ("AOV",),
    "LS_BIC": ("LS_BIC",),
    "ELS_ECE_EAOV": ("ELS_ECE_EAOV",),
    "ELS_ECE_EAOV + EAOV": ("ELS_ECE_EAOV", "EAOV"),
}
BOUNDS = {"power_scan": 2.1e12, "entropy_scan": 2.9e12, "variance_scan": 3.3e12}
"""Points times frequencies per second that an H200 could do at most: arithmetic in float32
and in integers, see docs/performance.md."""


def workload(count: int, baseline: float) -> LightCurves:
    """`count` noisy variables, in an order that does not depend on their length."""
    order = np.random.default_rng(1).permutation(count)
    sizes = np.array(lengths(count))[order]
    parts = [star(int(n), baseline, seed) for seed, n in enumerate(sizes)]
    curves = LightCurves.concatenate(parts)
    return LightCurves(np.arange(count), curves.offsets, curves.time, curves.mag, curves.magerr)


def median_seconds(work: Callable[[], object], repeats: int) -> float:
    """Median wall seconds of a call, after one that compiles and warms up."""
    work()
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return float(np.median(taken))


class _Timed:
    """A workspace that waits for each kernel and notes its seconds."""

    def __init__(self, workspace: Any, seconds: dict[str, float]) -> None:
        self._workspace, self._seconds = workspace, seconds

    def __getattr__(self, name: str) -> Any:
        return getattr(self._workspace, name)

    def launch(self, program: Program, kernel: str, *rest: Any, shared_bytes: int = 0) -> None:
        flush = np.zeros(1)
        self._workspace.get(self._workspace.put(flush))
        start = time.perf_counter()
        self._workspace.launch(program, kernel, *rest, *((shared_bytes,) if shared_bytes else ()))
        self._workspace.get(self._workspace.put(flush))
        taken = time.perf_counter() - start
        self._seconds[kernel] = self._seconds.get(kernel, 0.0) + taken


def kernel_seconds(device: Device, work: Callable[[], object]) -> dict[str, float]:
    """Seconds of each kernel in a call, launches and two small copies included."""
    seconds: dict[str, float] = {}

    class Timing:
        memory_bytes = device.memory_bytes

        @contextmanager
        def workspace(self) -> Iterator[Any]:
            with device.workspace() as workspace:
                yield _Timed(workspace, seconds)

    with mock.patch.object(devices, "open_device", Timing):
        work()
        seconds.clear()
        work()
    return seconds


def show_searches(curves: LightCurves, options: Callable[..., PeriodOptions], repeats: int) -> None:
    """Rates of every search."""
    print(f"\n{'search':>22} {'s/curve':>10} {'curves/s':>9}")
    for name, algorithms in SEARCHES.items():
        chosen = options(algorithms)
        seconds = median_seconds(
            lambda chosen=chosen: search_periods(curves, chosen, backend="cuda"), repeats
        )
        print(f"{name:>22} {seconds / len(curves):10.6f} {len(curves) / seconds:9.1f}", flush=True)


def show_stage(
    curves: LightCurves, options: Callable[..., PeriodOptions], repeats: int, workers: int
) -> None:
    """Rates of the whole feature stage: statistics, periods, Fourier series, histograms."""
    print(f"\n{'feature stage with':>22} {'threads':>8} {'curves/s':>9}")
    for name in ("LS_BIC", "ELS_ECE_EAOV"):
        chosen = FeatureOptions(options(SEARCHES[name]))
        for count in sorted({1, workers}):
            seconds = median_seconds(
                lambda chosen=chosen, count=count: compute_batch(
                    curves, chosen, backend="cuda", workers=count
                ),
                repeats,
            )
            print(f"{name:>22} {count:>8} {len(curves) / seconds:9.1f}", flush=True)


def show_kernels(
    device: Device, curves: LightCurves, options: Callable[..., PeriodOptions], baseline: float
) -> None:
    """Seconds of each kernel in one run of everything, and scans as shares of their bounds."""
    everything = FeatureOptions(options(("LS_BIC", "ELS_ECE_EAOV", "EAOV")))
    seconds = kernel_seconds(
        device, lambda: compute_batch(curves, everything, backend="cuda", workers=1)
    )
    grid = frequency_grid(baseline, everything.periods)
    work = float(len(curves.time)) * grid.n
    print(f"\n{'kernel':>22} {'ms/curve':>9} {'points x freq/s':>16} {'of bound':>9}")
    for name, taken in sorted(seconds.items(), key=lambda item: -item[1]):
        line = f"{name:>22} {1e3 * taken / len(curves):9.4f}"
        if name in BOUNDS:
            line += f" {work / taken:16.3e} {work / taken / BOUNDS[name]:9.1%}"
        print(line)


def equal(found: npt.NDArray[Any], expected: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Which periods are the same to 1e-9, or both undefined."""
    return np.isclose(
        found.astype(float), expected.astype(float), rtol=1e-9, atol=0.0, equal_nan=True
    )


def show_agreement(curves: LightCurves, options: Callable[..., PeriodOptions]) -> None:
    """How often the GPU's best period is the CPU's, and the largest difference elsewhere."""
    chosen = options(("LS_BIC", "ELS_ECE_EAOV", "EAOV"))
    found = search_periods(curves, chosen, backend="cuda").columns
    expected = search_periods(curves, chosen).columns
    print(
        f"\n{'agreement with the CPU':>22} {'same period':>12} {'largest significance off by':>28}"
    )
    for suffix in ("LS_BIC", "ELS", "ECE", "EAOV", "ELS_ECE_EAOV"):
        same = equal(found[f"period_{suffix}"], expected[f"period_{suffix}"])
        a, b = (part[f"significance_{suffix}"].astype(float)[same] for part in (found, expected))
        off = np.nanmax(np.abs(a / b - 1.0), initial=0.0)
        print(f"{suffix:>22} {np.mean(same):12.2%} {off:28.1e}", flush=True)


def show_card(device: Device, arguments: Sequence[str]) -> None:
    """What was measured, when and how."""
    print(f"card      {getattr(device, 'name', type(device).__name__)}")
    if "cupy" in sys.modules:
        import cupy

        runtime = cupy.cuda.runtime
        print(f"cupy      {cupy.__version__}, CUDA {runtime.runtimeGetVersion()}")
        print(f"driver    {runtime.driverGetVersion()}")
    print(f"memory    {device.memory_bytes} bytes per batch, {devices.WORKSPACES} batches")
    print(f"date      {datetime.date.today().isoformat()}")
    print(f"command   python -m tests.benchmarks.gpu {' '.join(arguments)}".rstrip())


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--curves", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--agreement", type=int, default=64, help="curves compared with the CPU")
    parser.add_argument("--workers", type=int, default=4, help="threads of the feature stage")
    parser.add_argument("--baseline", type=float, default=1800.0, help="days")
    parser.add_argument("--max-freq", type=float, default=48.0, help="1/d")
    args = parser.parse_args(given)

    def options(algorithms: tuple[str, ...]) -> PeriodOptions:
        return PeriodOptions(algorithms=algorithms, max_freq=args.max_freq)

    device = devices.open_device()
    show_card(device, given)
    curves = workload(args.curves, args.baseline)
    grid = frequency_grid(args.baseline, options(("LS",)))
    points = len(curves.time) / len(curves)
    print(f"\n{len(curves)} curves, {points:.0f} points on average, {grid.n} frequencies")
    show_searches(curves, options, args.repeats)
    show_stage(curves, options, args.repeats, args.workers)
    show_kernels(device, curves, options, args.baseline)
    show_agreement(curves[0 : args.agreement], options)


if __name__ == "__main__":
    main()
