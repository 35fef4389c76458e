"""How fast the period search is, per CPU-second of one core.

``python -m tests.benchmarks.periods [--curves N] [--repeats R] [--baseline DAYS] [--growth]``

or ``make bench``.

Curves of 50 to 1,500 points (mean about 364) over 1,800 days on the full grid up to 48 per
day: 863,980 frequencies. The yardstick is astropy's fast Lomb-Scargle on the same curves and
grid in the same process; variants take turns on each curve, and the median of the repeats
counts. Mpf are millions of points times frequencies. Other packages take part where they are
installed, once per curve. "stage" is the whole feature stage: statistics, search, Fourier
features, dmdt.
"""

from __future__ import annotations

import argparse
import platform
import time
import tracemalloc
from collections.abc import Callable
from functools import lru_cache, partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from scope.features.batch import compute_batch
from scope.features.options import FeatureOptions
from scope.lightcurves import LightCurves
from scope.periods import PeriodOptions, frequency_grid, search_periods
from scope.periods.api import prepare_curve

SEARCHES = {
    "LS": ("LS",),
    "CE": ("CE",),
    "AOV": ("AOV",),
    "LS_BIC": ("LS_BIC",),
    "ELS_ECE_EAOV": ("ELS_ECE_EAOV",),
    "ELS_ECE_EAOV + EAOV": ("ELS_ECE_EAOV", "EAOV"),
}


def lengths(count: int) -> list[int]:
    """Numbers of points: quantiles of a lognormal between 50 and 1,500, mean about 364."""
    rng = np.random.default_rng(0)
    many = np.sort(np.clip(rng.lognormal(np.log(262.0), 0.83, 100_000), 50, 1500))
    return [int(n) for n in many[((np.arange(count) + 0.5) / count * len(many)).astype(int)]]


def star(n: int, baseline: float, seed: int = 0) -> LightCurves:
    """A noisy two-term variable, observed at night, of exactly that baseline."""
    rng = np.random.default_rng([seed, n])
    day = np.sort(np.floor(rng.uniform(0.0, baseline, n)))
    t = 58200.0 + np.sort(day + rng.uniform(0.0, 0.35, n))
    t[0], t[-1] = 58200.0, 58200.0 + baseline
    phase = 2.0 * np.pi * t / 0.5437
    mag = 17.0 + 0.2 * np.sin(phase) + 0.1 * np.sin(2.0 * phase + 1.0) + 0.05 * rng.normal(size=n)
    return LightCurves(np.array([n]), np.array([0, n]), t, mag, np.full(n, 0.05))


def astropy_fast(curve: LightCurves, options: PeriodOptions) -> None:
    """The yardstick."""
    from astropy.timeseries import LombScargle

    prepared = prepare_curve(curve.time, curve.mag, curve.magerr)
    assert prepared is not None
    grid = frequency_grid(float(prepared.time.max()), options)
    frequency = grid.f0 + grid.df * np.arange(grid.n)
    LombScargle(prepared.time, prepared.mag, prepared.error).power(
        frequency, method="fast", assume_regular_frequency=True
    )


def nifty(curve: LightCurves, options: PeriodOptions) -> None:
    """Another fast Lomb-Scargle, for comparison."""
    import nifty_ls

    prepared = prepare_curve(curve.time, curve.mag, curve.magerr)
    assert prepared is not None
    grid = frequency_grid(float(prepared.time.max()), options)
    nifty_ls.lombscargle(
        prepared.time,
        prepared.mag,
        prepared.error,
        fmin=grid.f0,
        fmax=grid.f_last,
        Nf=grid.n,
        nthreads=1,
    )


def light_curve_fast(curve: LightCurves, options: PeriodOptions) -> None:
    """The fast Lomb-Scargle of light-curve, on the next grid of 2^k + 1 frequencies."""
    grid = frequency_grid(float(np.ptp(curve.time)), options)
    count = 1 << int(np.ceil(np.log2(grid.f_last / grid.df)))
    planned_light_curve(grid.df, count)(curve.time, curve.mag, curve.magerr, sorted=True)


@lru_cache(maxsize=1)
def planned_light_curve(df: float, count: int) -> Any:
    """An object of light-curve, made once for all curves of a grid: planning takes 0.2 s."""
    import light_curve

    frequency = np.linspace(0.0, 2.0 * np.pi * df * count, count + 1)
    search = light_curve.Periodogram(peaks=1, freqs=frequency, fast=True)
    # It plans at the first call.
    time = np.linspace(0.0, 1.0, 8)
    search(time, np.cos(time), np.full(8, 0.1), sorted=True)
    return search


def p4j_variance(curve: LightCurves, options: PeriodOptions) -> None:
    """The analysis of variance of P4J."""
    import P4J

    grid = frequency_grid(float(np.ptp(curve.time)), options)
    search = P4J.periodogram(method="AOV")
    search.set_data(curve.time, curve.mag, curve.magerr)
    search.frequency_grid_evaluation(grid.f0, grid.f_last, grid.df)


PEERS = {
    "light-curve fast LS": ("light_curve", light_curve_fast),
    "P4J AOV": ("P4J", p4j_variance),
}


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds of one call, all threads of the process together."""
    start = time.process_time()
    work()
    return time.process_time() - start


def measure(curves: list[LightCurves], repeats: int) -> dict[str, list[float]]:
    """Median CPU seconds per curve of every variant; the yardstick runs once per curve."""
    variants: dict[str, Callable[[LightCurves], object]] = {
        name: partial(search_periods, options=PeriodOptions(algorithms=algorithms))
        for name, algorithms in SEARCHES.items()
    }
    variants["nifty-ls"] = partial(nifty, options=PeriodOptions())
    for name, algorithms in SEARCHES.items():
        if set(algorithms) & {"LS_BIC", "ELS_ECE_EAOV"}:
            stage = FeatureOptions(PeriodOptions(algorithms=algorithms))
            variants[f"stage, {name}"] = partial(compute_batch, options=stage)
    once: dict[str, Callable[[LightCurves, PeriodOptions], None]] = {
        "astropy fast LS": astropy_fast,
        **{name: work for name, (module, work) in PEERS.items() if find_spec(module)},
    }
    for work in variants.values():
        work(curves[0])
    if "light-curve fast LS" in once:
        light_curve_fast(curves[0], PeriodOptions())
    taken: dict[str, list[float]] = {name: [] for name in (*once, *variants)}
    for curve in curves:
        for name, peer in once.items():
            taken[name].append(cpu_seconds(partial(peer, curve, PeriodOptions())))
        runs: dict[str, list[float]] = {name: [] for name in variants}
        for _ in range(repeats):
            for name, work in variants.items():
                runs[name].append(cpu_seconds(partial(work, curve)))
        for name, values in runs.items():
            taken[name].append(float(np.median(values)))
    return taken


def show(taken: dict[str, list[float]], curves: list[LightCurves], baseline: float) -> None:
    """Print the table."""
    grid = frequency_grid(baseline, PeriodOptions())
    points = float(np.mean([len(curve.time) for curve in curves]))
    yardstick = np.mean(taken["astropy fast LS"])
    print(f"{len(curves)} curves, {points:.0f} points on average, {grid.n} frequencies")
    print(f"{'':>22} {'s/curve':>9} {'curves/s':>9} {'Mpf/s':>8} {'x astropy':>10}")
    for name, values in taken.items():
        mean = float(np.mean(values))
        rate = points * grid.n / mean / 1e6
        print(f"{name:>22} {mean:9.4f} {1 / mean:9.2f} {rate:8.0f} {yardstick / mean:10.1f}")


def memory(curve: LightCurves) -> None:
    """Print what one light curve in flight takes at most, beside itself."""
    for name in ("LS_BIC", "ELS_ECE_EAOV"):
        options = PeriodOptions(algorithms=SEARCHES[name])
        search_periods(curve, options)
        tracemalloc.start()
        search_periods(curve, options)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        print(f"{name}: {peak / 1e6:.1f} MB in flight, {len(curve.time)} points")


def growth() -> None:
    """Print how the cost grows with points, baseline and the number of light curves."""
    print(f"\n{'points':>7} {'days':>6} " + " ".join(f"{name:>20}" for name in SEARCHES))
    for n, baseline in (
        (50, 1800),
        (150, 1800),
        (500, 1800),
        (1500, 1800),
        (150, 450),
        (150, 3600),
    ):
        curve = star(n, float(baseline))
        cells = []
        for algorithms in SEARCHES.values():
            options = PeriodOptions(algorithms=algorithms)
            search_periods(curve, options)
            runs = [cpu_seconds(partial(search_periods, curve, options)) for _ in range(3)]
            cells.append(f"{np.median(runs):20.4f}")
        print(f"{n:>7} {baseline:>6} " + " ".join(cells))
    print(f"\n{'curves':>7} {'LS_BIC':>10} {'ELS_ECE_EAOV':>14}  s per curve")
    for count in (1, 8, 64):
        curves = many(star(150, 450.0), count)
        cells = []
        for name in ("LS_BIC", "ELS_ECE_EAOV"):
            options = PeriodOptions(algorithms=SEARCHES[name])
            cells.append(cpu_seconds(partial(search_periods, curves, options)) / count)
        print(f"{count:>7} {cells[0]:10.4f} {cells[1]:14.4f}")


def many(curve: LightCurves, count: int) -> LightCurves:
    """The same light curve `count` times, as one batch."""
    times, mags, errors = (np.tile(a, count) for a in (curve.time, curve.mag, curve.magerr))
    return LightCurves(
        np.arange(count), len(curve.time) * np.arange(count + 1), times, mags, errors
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--curves", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--baseline", type=float, default=1800.0)
    parser.add_argument(
        "--growth", action="store_true", help="also with points, baseline and number"
    )
    arguments = parser.parse_args()
    curves = [star(n, arguments.baseline) for n in lengths(arguments.curves)]
    print(platform.processor() or platform.machine(), "Python", platform.python_version())
    show(measure(curves, arguments.repeats), curves, arguments.baseline)
    memory(curves[-1])
    if arguments.growth:
        growth()


if __name__ == "__main__":
    main()
