"""Spectra of a tree through an ensemble, and where their tables are."""

from __future__ import annotations

from collections.abc import Callable


def score_spectra(
    data: str,
    out_dir: str,
    ensemble: str,
    *,
    report: Callable[[str], None],
    backend: str = "onnx",
    som: str | None = None,
    random_tiles: int | None = None,
) -> None:
    """Run spectra through an ensemble, see `run_ensemble`, and say where both tables are."""
    from scope.tasks.spectra.run_ensemble import SUMMARY, run_ensemble

    table = run_ensemble(
        data, out_dir, ensemble, backend=backend, som=som, random_tiles=random_tiles
    )
    report(f"{table} and {table.with_name(SUMMARY)}")
