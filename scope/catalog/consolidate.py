"""From light curves to sources: one row per object, whatever filters and fields saw it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scope.catalog.merge import ALGORITHMS, SURVEY_IDS
from scope.catalog.publish import is_score
from scope.errors import InputError
from scope.identifiers import iau_name
from scope.io import read_metadata, read_schema, read_table, to_frame
from scope.lightcurves.sky import PositionTree
from scope.schema import require_columns

if TYPE_CHECKING:
    import pandas as pd

STATISTICS = ("mean", "median", "max")

SAME_PLACE_ARCSEC = 1.0
"""Light curves without an id in another survey are of one source if they are this close."""

PLACE = ("ra", "dec", "period", "field", "ccd", "quad", "filter")
_NEEDED = ("_id", *SURVEY_IDS, *PLACE, "n_epochs", "reason")

_log = logging.getLogger(__name__)


def consolidate(
    paths: Sequence[str | Path], *, algorithm: str, statistic: str = "mean"
) -> pd.DataFrame:
    """Return one row per source of predictions, by ascending ``_id``.

    Light curves of one source have the same id in Gaia, else in AllWISE, else in PS1; those
    without any are of one source if they are within `SAME_PLACE_ARCSEC` of each other. A
    star that several fields or filters saw is one source. Where light curves have names of
    a list (``obj_id``), those of different names stay apart.

    Parameters
    ----------
    paths : sequence of path
        Predictions of one algorithm, see `scope.catalog.merge`, of several targets.
    algorithm : {"dnn", "xgb"}
    statistic : {"mean", "median", "max"}
        What becomes of the scores of the light curves of a source.

    Returns
    -------
    pandas.DataFrame
        ``obj_id`` (given, else from the position), ``survey_id`` (``Gaia_EDR3___<id>``, …, or
        ``ZTF___<_id>``), ``_id``, ``ra``, ``dec``, ``period``, ``field``, ``ccd``, ``quad``
        and ``filter`` of its light curve with most good epochs, ``n_light_curves`` that have
        scores, then the scores. Sources of which no light curve has scores are left out, and
        counted in ``attrs``.

    Raises
    ------
    InputError
        If the statistic or the algorithm is unknown, or files hold other classes.
    """
    import pandas as pd

    if statistic not in STATISTICS:
        raise InputError("unknown statistic", value=statistic, allowed=STATISTICS)
    if algorithm not in ALGORITHMS:
        raise InputError("unknown algorithm", value=algorithm, allowed=ALGORITHMS)
    scores = _score_names(paths, algorithm)
    frames = [_read(path, scores) for path in paths]
    rows = pd.concat(frames, ignore_index=True)
    names = rows["obj_id"].where(rows["obj_id"].notna(), "").tolist()
    survey_id = _survey_ids(rows)
    keys = pd.DataFrame({"name": names, "survey": survey_id})
    groups = keys.groupby(["name", "survey"], sort=True).ngroup()
    source = np.asarray(groups, dtype=np.int64)
    scored = rows["reason"].isna().to_numpy()
    lost = len(set(source)) - len(set(source[scored]))
    if lost:
        _log.warning("%d sources have no light curve with scores, and are left out", lost)
    rows, source, survey_id = rows[scored], source[scored], survey_id[scored]
    values = rows[scores].groupby(source).agg(statistic)
    chosen = _best(rows, source)
    result = rows.iloc[chosen][["obj_id", "_id", *PLACE]].reset_index(drop=True)
    result.insert(1, "survey_id", survey_id[chosen])
    result["obj_id"] = [
        name if isinstance(name, str) else iau_name(ra, dec)
        for name, ra, dec in zip(result["obj_id"], result["ra"], result["dec"], strict=True)
    ]
    result["n_light_curves"] = np.bincount(source)[values.index]
    result = pd.concat([result, values.reset_index(drop=True)], axis=1)
    result = result.sort_values("_id", ignore_index=True)
    result.attrs.update(_common(paths))
    result.attrs.update({"consolidation_statistic": statistic, "sources_lost": lost})
    return result


def _score_names(paths: Sequence[str | Path], algorithm: str) -> list[str]:
    if not paths:
        raise InputError("consolidation of no predictions", allowed="at least one file")
    found: list[str] | None = None
    for path in paths:
        names = read_schema(path).names
        require_columns(names, _NEEDED, f" in {path}")
        own = [name for name in names if is_score(name) and name.endswith(f"_{algorithm}")]
        if not own:
            raise InputError(f"no scores by {algorithm}", value=str(path))
        if found is not None and own != found:
            raise InputError(
                f"predictions with other classes than {paths[0]}",
                value=str(path),
                allowed=", ".join(found),
                todo="score all fields with the same models",
            )
        found = own
    return found or []


def _read(path: str | Path, scores: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    there = read_schema(path).names
    named = ["obj_id"] if "obj_id" in there else []
    frame = to_frame(read_table(path, [*_NEEDED, *named, *scores]))
    if not named:
        frame["obj_id"] = pd.Series([None] * len(frame), dtype=object)
    return frame


def _survey_ids(rows: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Return which source each light curve is of."""
    result = np.full(len(rows), "", dtype=object)
    rest = np.ones(len(rows), dtype=bool)
    for column in SURVEY_IDS:
        ids = rows[column].to_numpy(dtype=np.int64, na_value=0)
        rest &= result == ""
        use = np.flatnonzero((ids != 0) & rest)
        prefix = f"{column.removesuffix('___id')}___"
        result[use] = [f"{prefix}{number}" for number in ids[use]]
    nameless = np.flatnonzero(result == "")
    if len(nameless):
        ids = rows["_id"].to_numpy()[nameless]
        group = _near(rows["ra"].to_numpy()[nameless], rows["dec"].to_numpy()[nameless])
        first = np.full(group.max() + 1, np.iinfo(np.int64).max)
        np.minimum.at(first, group, ids)
        result[nameless] = [f"ZTF___{number}" for number in first[group]]
    return result


def _near(ra: npt.NDArray[np.float64], dec: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return the number of the group of positions that each position is in."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pairs = PositionTree(ra, dec).within(ra, dec, SAME_PLACE_ARCSEC)
    links = coo_array((np.ones(len(pairs.query)), (pairs.query, pairs.found)), (len(ra), len(ra)))
    groups: npt.NDArray[np.int64] = connected_components(links, directed=False)[1]
    return groups


def _best(rows: pd.DataFrame, source: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the row of the light curve with most epochs of each source, the first of equals."""
    epochs = rows["n_epochs"].to_numpy(dtype=np.int64, na_value=0)
    order = np.lexsort((rows["_id"].to_numpy(), -epochs, source))
    _, first = np.unique(source[order], return_index=True)
    best: npt.NDArray[np.int64] = order[first]
    return best


def _common(paths: Sequence[str | Path]) -> dict[str, Any]:
    """Return what the records of all files say alike."""
    records: list[Mapping[str, Any]] = [read_metadata(path) for path in paths]
    return {
        name: value
        for name, value in records[0].items()
        if name != "provenance" and all(entry.get(name) == value for entry in records)
    }
