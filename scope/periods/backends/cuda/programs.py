"""Source of the kernels, with the constants that they share with the CPU's loops."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from scope.periods.backends.cuda.device import Program

FILES = ("power.cu", "folding.cu", "reduce.cu", "judge.cu")


@lru_cache(maxsize=1)
def search_program() -> Program:
    """The kernels of the period search."""
    return Program("periods", "\n".join([_constants(), common_source(), *map(_read, FILES)]))


def common_source() -> str:
    """Source that every program begins with."""
    return _read("common.cuh")


def _read(name: str) -> str:
    return files(__package__).joinpath("kernels", name).read_text(encoding="utf-8")


def _constants() -> str:
    """Constants of the CPU's loops: one source for both."""
    from scope.periods.kernels import eclipse, entropy, fourier, phases, power, variance

    values = {
        "SEED": phases.SEED,
        "NUDGE": phases.NUDGE,
        "ENTROPY_UNIT": entropy.UNIT,
        "COUNT_SHIFT": variance.COUNT_SHIFT,
        "VARIANCE_PERFECT": variance.PERFECT,
        "POWER_SINGULAR": power.SINGULAR,
        "FOURIER_SINGULAR": fourier.SINGULAR,
        "MAX_ORDER": fourier.MAX_ORDER,
        "CYCLES_PER_ORDER": fourier.CYCLES_PER_ORDER,
        "SIDEREAL": fourier.SIDEREAL,
        "ECLIPSE_BINS": eclipse.N_BINS,
        "ECLIPSE_WIDTHS": ", ".join(str(width) for width in eclipse.WIDTHS),
        "ECLIPSE_MIN_POINTS": eclipse.MIN_POINTS,
        "ECLIPSE_TINY": eclipse.TINY,
        "ECLIPSE_BETTER": repr(eclipse.BETTER),
    }
    return "\n".join(f"#define {name} {value}" for name, value in values.items())
