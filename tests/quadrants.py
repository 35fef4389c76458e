"""Simulated quadrants that take seconds."""

from __future__ import annotations

from pathlib import Path

from scope.surveys.simulation import simulate_quadrant


def write_small_quadrant(folder: Path, *, field: int, quad: int, seed: int) -> None:
    """Simulate six stars of a quadrant of detector 1, without other catalogues."""
    simulate_quadrant(
        folder,
        field=field,
        ccd=1,
        quad=quad,
        n_stars=6,
        seed=seed,
        years=1.0,
        n_epochs_median=90,
        with_crossmatch=False,
    )
