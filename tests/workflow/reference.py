"""The products of an undisturbed run, against which disturbed ones are compared."""

from __future__ import annotations

from collections.abc import Callable

from .conftest import Run

TARGET = "field_700"
UNITS = ("ccd_01_quad_1", "ccd_01_quad_2")
FEATURES = tuple(f"results/features/{TARGET}/{unit}.parquet" for unit in UNITS)
"""The last products that need no models, of the simulated field of config/test/tiny.yaml."""

_done: dict[tuple[str, ...], dict[str, bytes]] = {}


def undisturbed(
    make_run: Callable[..., Run], settings: list[str], targets: tuple[str, ...] = FEATURES
) -> dict[str, bytes]:
    """Return the bytes of all products that lead to `targets`; made once in a session."""
    if targets not in _done:
        run = make_run("undisturbed")
        run.snakemake(*targets, *settings)
        _done[targets] = run.products()
    return _done[targets]
