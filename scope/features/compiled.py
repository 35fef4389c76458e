"""Whether the kernels are compiled for this machine, and compiling them ahead.

numba compiles a kernel when it is first called and keeps the code on disk, for one kind of
processor and one state of the source. That takes a core a quarter of a minute, in which nothing
else would be said.
"""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from scope.features.options import FeatureOptions
from scope.lightcurves.curves import HJD_OF_HMJD_ZERO, LightCurves

_log = logging.getLogger(__name__)

MESSAGE = "compiling the period search and the features for this machine (once, up to a minute) …"

_POINTS, _DAYS, _PERIOD = 240, 200.0, 1.7


def needs_compiling() -> bool:
    """Return whether a kernel that each search needs has no code on disk for this machine."""
    from scope.features.statistics import _statistics
    from scope.periods.kernels.periodogram import _scan

    return any(_not_cached(kernel) for kernel in (_scan, _statistics))


def say_if_compiling() -> None:
    """Say in the log that it will compile before it computes, if it will."""
    if needs_compiling():
        _log.info(MESSAGE)


def _not_cached(kernel: Any) -> bool:
    """Look for the code of a kernel; of numba without a cache nothing is known, and False."""
    if getattr(kernel, "signatures", None):
        return False
    files = getattr(getattr(kernel, "_cache", None), "_cache_file", None)
    try:
        return files is not None and not files._load_index()
    except (AttributeError, OSError):
        return False


def compile_kernels(options: FeatureOptions | None = None) -> None:
    """Clean and search made-up light curves, so that all kernels of these options are compiled.

    Parameters
    ----------
    options : FeatureOptions, optional
        Of which a search over few frequencies is made: no kernel depends on how many there are.
    """
    from dataclasses import replace

    from scope.features.batch import compute_batch
    from scope.lightcurves.cleaning import clean

    options = options or FeatureOptions()
    options = replace(options, periods=replace(options.periods, max_freq=3.0))
    curves, _ = clean(_made_up())
    compute_batch(curves, options)


def _made_up() -> LightCurves:
    """An eclipsing star, a sine wave and noise, as archives store them (float32, flags)."""
    rng = np.random.default_rng(1)
    time = np.sort(rng.uniform(0, _DAYS, _POINTS)) + 58200.0
    phase = time / _PERIOD % 1.0
    shapes = (
        0.8 * (np.abs(phase - 0.5) < 0.04) + 0.3 * (np.abs(phase - 0.98) < 0.02),
        0.3 * np.sin(2 * np.pi * phase),
        np.zeros(_POINTS),
    )
    count = len(shapes)
    mag = np.concatenate([16 + shape + rng.normal(0, 0.02, _POINTS) for shape in shapes])
    return LightCurves(
        ids=np.arange(count),
        offsets=np.arange(count + 1) * _POINTS,
        time=np.tile(time, count),
        mag=mag.astype(np.float32),
        magerr=np.full(count * _POINTS, 0.02, np.float32),
        catflags=np.zeros(count * _POINTS, np.uint16),
        time_zero_hjd=HJD_OF_HMJD_ZERO,
    )
