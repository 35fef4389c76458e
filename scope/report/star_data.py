"""What is known of single light curves: their points, and their row of a catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scope.errors import MissingColumnError, NotFoundError, few
from scope.io import iter_batches, read_schema
from scope.io.kinds import LIGHT_CURVE_IDS, find_column
from scope.lightcurves import LightCurves
from scope.lightcurves.files import lightcurves_of
from scope.report.catalogue_rows import ALGORITHMS, mean_score, score_tags
from scope.surveys.folder_files import NO_CURVES

Ints = npt.NDArray[np.int64]

ROWS = 4096
TIMES = ("hmjd", "hjd")


@dataclass(frozen=True)
class StarRow:
    """Row of a catalogue about a light curve.

    Attributes
    ----------
    period_days : float
        NaN where there is none.
    filter : int
        -1 where unknown.
    name : str
        What the list asked for calls it; empty where it has no name.
    reason : str
        Why there are no scores; empty where there are.
    scores : dict of dict of float
        By tag: ``dnn``, ``xgb`` and ``p`` (probability), NaN where there is none.
    """

    period_days: float = float("nan")
    filter: int = -1
    name: str = ""
    reason: str = ""
    scores: dict[str, dict[str, float]] = field(default_factory=dict)

    def best(self, count: int) -> dict[str, dict[str, float]]:
        """Return the most likely classes: by probability, where there is none by mean score."""

        def rank(tag: str) -> float:
            one = self.scores[tag]
            if one["p"] == one["p"]:
                return one["p"]
            mean = mean_score(np.array([value]) for name, value in one.items() if name != "p")
            return float(np.nan_to_num(mean[0], nan=-1.0))

        return {tag: self.scores[tag] for tag in sorted(self.scores, key=rank)[::-1][:count]}


def curves_of_files(paths: Sequence[str | Path], ids: Ints) -> LightCurves:
    """Return light curves as observed from files, those that are there, each once.

    Parameters
    ----------
    paths : sequence of path
        Parquet, as `generate-features --light-curves` reads it, or cleaned light curves of a run.
    ids : (n,) int64

    Raises
    ------
    NotFoundError, CorruptFileError
    MissingColumnError
        If a file has no light curves.
    """
    parts: list[LightCurves] = []
    wanted = ids
    for path in map(Path, paths):
        for piece in _pieces(path, wanted):
            parts.append(piece)
            # The first file that has a light curve counts, as in a run.
            wanted = np.setdiff1d(wanted, piece.ids[piece.n_epochs > 0])
        if not len(wanted):
            break
    if not parts:
        return NO_CURVES
    found = LightCurves.concatenate(parts)
    good = np.flatnonzero(found.n_epochs > 0)
    _, first = np.unique(found.ids[good], return_index=True)
    return found.take(good[first])


def _pieces(path: Path, wanted: Ints) -> Iterable[LightCurves]:
    names = read_schema(path).names
    own, time = find_column(names, LIGHT_CURVE_IDS), find_column(names, TIMES)
    if own is None or time is None or not {"mag", "magerr"} <= {*names}:
        raise MissingColumnError(
            f"file without light curves, {path}",
            value=few(names),
            allowed=f"an id ({', '.join(LIGHT_CURVE_IDS)}) and lists hmjd (or hjd), mag and magerr",
        )
    lists = [name for name in (time, "mag", "magerr", "catflags") if name in names]
    # Ids are a small part of a file: most files need no second look.
    ids = pa.array(wanted)
    holding = [pc.is_in(piece.column(own), ids) for piece in iter_batches(path, [own], 1 << 16)]
    there = np.concatenate([mask.to_numpy() for mask in holding] or [np.zeros(0, bool)])
    if not there.any():
        return
    for piece in iter_batches(path, [own, *lists], ROWS, holding=there):
        table = piece.filter(pc.is_in(piece.column(own), ids))
        if table.num_rows:
            yield lightcurves_of(table, path, id_column=own, time_column=time)


def read_star_rows(paths: Sequence[Path], ids: Ints) -> dict[int, StarRow]:
    """Return the rows of light curves in catalogues; those that none has are absent.

    `ids`: (n,) int64.

    Raises
    ------
    NotFoundError, CorruptFileError, MissingColumnError
    """
    rows: dict[int, StarRow] = {}
    for path in paths:
        tags = score_tags(path)
        names = [name for name in _columns(tags) if name in read_schema(path).names]
        there = [
            pc.is_in(piece.column("_id"), pa.array(ids)).to_numpy()
            for piece in iter_batches(path, ["_id"], 1 << 16)
        ]
        if not there or not any(mask.any() for mask in there):
            continue
        for piece in iter_batches(path, names, ROWS, holding=np.concatenate(there)):
            chosen = piece.filter(pc.is_in(piece.column("_id"), pa.array(ids)))
            rows |= {row["_id"]: _star_row(row, tags) for row in chosen.to_pylist()}
    return rows


def _columns(tags: Sequence[str]) -> list[str]:
    scores = [f"{tag}_{kind}" for tag in tags for kind in (*ALGORITHMS, "p")]
    return ["_id", "period", "filter", "obj_id", "reason", *scores]


def _star_row(row: dict[str, Any], tags: Sequence[str]) -> StarRow:
    def number(value: Any) -> float:
        return float("nan") if value is None else float(value)

    kinds = (*ALGORITHMS, "p")
    scores = {tag: {kind: number(row.get(f"{tag}_{kind}")) for kind in kinds} for tag in tags}
    scored = {
        tag: one for tag, one in scores.items() if any(value == value for value in one.values())
    }
    band = row.get("filter")
    return StarRow(
        number(row.get("period")),
        -1 if band is None else int(band),
        str(row.get("obj_id") or ""),
        str(row.get("reason") or ""),
        scored,
    )


def require_found(ids: Ints, found: Ints, where: str) -> None:
    """Refuse ids of which there is no light curve.

    `ids` and `found`: (n,) and (m,) int64.

    Raises
    ------
    NotFoundError
    """
    missing = np.setdiff1d(ids, found)
    if len(missing):
        raise NotFoundError(
            f"no light curve of this id in {where}",
            value=few(missing.tolist()),
            todo="check the id (`_id` of a catalogue), or name the place: --archive FOLDER or "
            "--light-curves FILE",
        )
