"""The query of QuasarNET's active learning: which spectra a person should look at.

The steps of its notebook (Green et al. 2025, arXiv 2505.01596), with their counts: entropy of the
members' votes, spectra in sparse cells of the map left out, one row per target, targets with a
dead camera and those on other lists left out, the first of the rest written down.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scope.active.acquisition import first, sparse_cells
from scope.active.queries import best_rows
from scope.active.summary import entropy
from scope.errors import InputError, NotFoundError, UsageError
from scope.schema import require_columns
from scope.tasks.spectra.rebin import DEAD_CAMERA
from scope.tasks.spectra.spectrum_files import read_spectra, tree_files

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("TARGETID", "TILEID", "EXPID", "C_NOT", "C_QSO_LZ", "C_QSO_HZ", "BMU")
SHARES = COLUMNS[3:6]
SELECTION = "targetid_selection.txt"
STRATEGIES: dict[str, Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]] = {
    "entropy": entropy,
    "least_confidence": lambda shares: 1 - shares.max(axis=1),
    "margin": lambda shares: np.diff(np.sort(shares, axis=1)[:, -2:])[:, 0] * -1,
}


@dataclass(frozen=True)
class QueryResult:
    """Result of a query.

    Attributes
    ----------
    selection : DataFrame
        Chosen rows, the most useful first, with ``ENTROPY``.
    counts : dict
        Step -> rows or targets after it.
    n_members : int
        Size of the ensemble, as the shares say.
    use, use_kept : (n,) float64
        Use of all rows, and of one row of each target that is left.
    threshold : float
        Use of the last row that is chosen.
    """

    selection: pd.DataFrame
    counts: dict[str, int]
    n_members: int
    use: npt.NDArray[np.float64]
    use_kept: npt.NDArray[np.float64]
    threshold: float


def read_scores(path: str | Path) -> pd.DataFrame:
    """Read the table of ``ensemble_run.py``.

    Raises
    ------
    NotFoundError, CorruptFileError, MissingColumnError
    """
    from scope.io.user_tables import read_user_table

    if not Path(path).is_file():
        raise NotFoundError("no table of an ensemble", value=str(path), todo="run ensemble_run.py")
    frame = read_user_table(path, ids=("TARGETID",))
    require_columns(list(frame.columns), COLUMNS, f" in {path}")
    return frame


def ensemble_size(shares: npt.NDArray[np.float64]) -> int:
    """Return how many members there are: 1 / the smallest step between shares.

    `shares`: (n,) float64, parts of the members that agree.
    """
    steps = np.diff(np.unique(shares[np.isfinite(shares)]))
    steps = steps[steps > 1e-9]
    return round(1 / float(steps.min())) if len(steps) else 1


def dead_camera_targets(coadds: str | Path) -> npt.NDArray[np.int64]:
    """Return the targets of which no spectrum in a tree, or file, has all cameras.

    (m,) int64, ascending.
    """
    path = Path(coadds)
    files = [path] if path.is_file() else [item[2] for item in tree_files(path)]
    whole: set[int] = set()
    seen: set[int] = set()
    for file in files:
        for part in read_spectra(file):
            seen.update(part.targetid.tolist())
            whole.update(part.targetid[(part.flags & DEAD_CAMERA.value) == 0].tolist())
    return np.array(sorted(seen - whole), dtype=np.int64)


def read_targets(path: str | Path) -> npt.NDArray[np.int64]:
    """Return the targets of another list: one a line, or the column TARGETID of a table.

    (m,) int64.
    """
    from scope.io.user_tables import read_user_table
    from scope.io.values import exact_ids

    path = Path(path)
    if path.suffix.lower() == ".txt":
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
        return np.asarray(exact_ids([x for x in lines if x], "TARGETID", path), dtype=np.int64)
    frame = read_user_table(path, ids=("TARGETID",))
    require_columns(list(frame.columns), ("TARGETID",), f" in {path}")
    return frame["TARGETID"].dropna().to_numpy(dtype=np.int64)


def query(
    scores: pd.DataFrame,
    size: int = 1000,
    *,
    strategy: str = "entropy",
    percentile: float = 15.0,
    dead_cameras: npt.NDArray[np.int64] | Sequence[int] = (),
    elsewhere: npt.NDArray[np.int64] | Sequence[int] = (),
    say: Callable[[str], Any] = print,
) -> QueryResult:
    """Choose targets, and say after each step how many rows are left.

    Parameters
    ----------
    scores : DataFrame
        As `read_scores` returns it.
    size : int
        Targets to choose.
    strategy : str
        ``entropy`` (natural logarithm), ``least_confidence`` or ``margin``, of the votes.
    percentile : float
        Cells that hold no more rows than it says are sparse; 0 leaves none out.
    dead_cameras, elsewhere : arrays of TARGETID
    say : callable
        Takes a line for each step.

    Raises
    ------
    UsageError, InputError
    """
    if size < 1:
        raise UsageError("number of targets", value=size, allowed="1 or more")
    if strategy not in STRATEGIES:
        raise UsageError("strategy of asking", value=strategy, allowed=STRATEGIES)
    counts = {"rows": len(scores)}
    shares = scores[list(SHARES)].to_numpy(dtype=np.float64)
    n_members = ensemble_size(shares[:, 0])
    say(f"{len(scores):,} rows, ensemble of {n_members} members")
    scored = np.isfinite(shares).all(axis=1)
    use = np.where(scored, STRATEGIES[strategy](np.nan_to_num(shares)), np.nan)
    _count(counts, "scored", int(scored.sum()), say, "rows with scores")
    if percentile > 0 and scored.any():
        cells = scores["BMU"].to_numpy(dtype=np.int64)
        placed = scored & (cells >= 0)
        sparse = np.zeros(len(scores), dtype=np.bool_)
        sparse[placed] = sparse_cells(cells[placed], int(cells.max()) + 1, percentile)
        kept = np.where(sparse, np.nan, use)
    else:
        kept = use.copy()
    _count(counts, "in filled cells", int(np.isfinite(kept).sum()), say, "rows in filled cells")
    targets = scores["TARGETID"].to_numpy(dtype=np.int64)
    rows = best_rows(targets, kept)
    _count(counts, "targets", len(rows), say, "targets, each by its most uncertain exposure")
    use_kept = kept[rows]
    chosen_before = set(targets[rows[:size]].tolist())
    for name, listed, what in (
        ("all cameras", dead_cameras, "targets without a dead camera"),
        ("not elsewhere", elsewhere, "targets on no other list"),
    ):
        listed = np.asarray(listed, dtype=np.int64)
        hit = len(chosen_before & set(listed.tolist()))
        rows = rows[~np.isin(targets[rows], listed)]
        _count(counts, name, len(rows), say, f"{what}; {hit} of the first {size} were left out")
    if not len(rows):
        raise InputError("no target is left to ask about", value=f"{len(scores)} rows")
    rows = rows[first(kept[rows], size)]
    on_tiles = scores.iloc[np.flatnonzero(np.isin(targets, targets[rows]))]
    several = int((on_tiles.groupby("TARGETID")["TILEID"].nunique() > 1).sum())
    _count(counts, "on several tiles", several, say, "of the chosen lie on several tiles")
    selection = scores.iloc[rows].assign(ENTROPY=kept[rows]).reset_index(drop=True)
    return QueryResult(selection, counts, n_members, use, use_kept, float(kept[rows[-1]]))


def _count(counts: dict[str, int], name: str, n: int, say: Callable[[str], Any], what: str) -> None:
    counts[name] = n
    say(f"{n:,} {what}")


def write_selection(result: QueryResult, path: str | Path) -> None:
    """Write the chosen TARGETIDs, one a line."""
    from scope.io.atomic import write_bytes

    ids = result.selection["TARGETID"]
    write_bytes("".join(f"{one}\n" for one in ids).encode(), path)


def plot_use(
    use: npt.NDArray[np.float64],
    threshold: float,
    path: str | Path | None = None,
    label: str = "entropy",
) -> Any:
    """Draw the histogram of uses, 0.05 wide bins, with a red line at the threshold.

    `use`: (n,) float64, of each spectrum; NaN is left out.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    use = use[np.isfinite(use)]
    low = min(0.0, float(use.min())) if len(use) else 0.0
    high = max(float(use.max()), threshold) if len(use) else 1.0
    axes.hist(use, bins=np.arange(low, high + 0.05, 0.05).tolist(), log=True, color="0.5")
    axes.axvline(threshold, color="red")
    axes.set(xlabel=label, ylabel="spectra")
    if path is not None:
        from scope.io.atomic import atomic_path

        kind = Path(path).suffix.lstrip(".") or "png"
        with atomic_path(path) as temporary:
            figure.savefig(temporary, format=kind, dpi=120)
    return figure
