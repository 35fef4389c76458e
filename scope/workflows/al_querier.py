"""Which spectra a person should look at, by an ensemble's table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np


def choose_spectra(
    scores: str,
    output_dir: str,
    report: Callable[[str], None],
    *,
    number: int = 1000,
    strategy: str = "entropy",
    percentile: float = 15.0,
    coadds: str | None = None,
    listed_elsewhere: Sequence[str] = (),
) -> None:
    """Choose targets, write and plot the selection, and say where it is.

    Parameters
    ----------
    scores : str
        Table of the ensemble, ``qnet_ensemble_guadalupe.csv``.
    output_dir : str
        Folder of ``targetid_selection.txt`` and ``entropy_dist.jpg``.
    report : callable
        Gets what is to be said, line by line.
    number : int
        Targets to choose.
    strategy : str
        What makes an answer useful: ``entropy``, ``least_confidence`` or ``margin``.
    percentile : float
        Cells of the map with fewer rows are left out; 0 keeps them.
    coadds : str, optional
        Coadds of the targets, a tree or a file: dead cameras are left out.
    listed_elsewhere : sequence of str
        Lists of targets to leave out.

    Raises
    ------
    ScopeError
        If a table or list cannot be used.
    """
    from scope.tasks.spectra import al_query as q

    lists = [q.read_targets(path) for path in listed_elsewhere]
    result = q.query(
        q.read_scores(scores),
        number,
        strategy=strategy,
        percentile=percentile,
        dead_cameras=q.dead_camera_targets(coadds) if coadds else (),
        elsewhere=np.concatenate(lists) if lists else (),
    )
    folder = Path(output_dir)
    q.write_selection(result, folder / q.SELECTION)
    q.plot_use(result.use_kept, result.threshold, folder / "entropy_dist.jpg", strategy)
    report(f"{len(result.selection)} targets in {folder / q.SELECTION}")
