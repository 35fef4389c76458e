"""From light curves to sources: one row per object, whatever filters and fields saw it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

from scope.catalog.field_check import joined_check
from scope.catalog.merge import SURVEY_IDS
from scope.catalog.publish import is_score
from scope.catalog.stars import Statistic, find_stars
from scope.errors import InputError
from scope.identifiers import iau_name
from scope.io import read_metadata, read_schema, read_table, to_frame
from scope.plugins import ALGORITHMS
from scope.schema import PLACE_NAMES, require_columns
from scope.schema import PREDICTED_PLACE as PLACE

if TYPE_CHECKING:
    import pandas as pd

STATISTICS = get_args(Statistic)

_NEEDED = ("_id", *SURVEY_IDS, *PLACE, "n_epochs", "reason")

_log = logging.getLogger(__name__)


def consolidate(
    paths: Sequence[str | Path], *, algorithm: str, statistic: str = "mean"
) -> pd.DataFrame:
    """Return one row per source of predictions, by ascending ``_id``.

    Which light curves are of one source says `find_stars`. A star that several fields or
    filters saw is one source.

    Parameters
    ----------
    paths : sequence of path
        Predictions of one algorithm, see `scope.catalog.merge`, of several targets.
    algorithm : str
    statistic : {"mean", "median", "max"}
        What becomes of the scores of the light curves of a source.

    Returns
    -------
    pandas.DataFrame
        ``obj_id`` (given, else from the position), ``survey_id`` (``Gaia_EDR3___<id>``, …, or
        ``ZTF___<_id>``, with the survey's name where it is another), ``_id``, ``ra``, ``dec``,
        ``period``, ``field``, ``ccd``, ``quad`` and ``filter``, ``n_light_curves`` that have
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
    rows = pd.concat([_read(path, scores) for path in paths], ignore_index=True)
    stars = find_stars(rows, statistic=cast(Statistic, statistic))
    lost = int((stars["n_scored"] == 0).sum())
    if lost:
        _log.warning("%d sources have no light curve with scores, and are left out", lost)
    result = stars[stars["n_scored"] > 0].sort_values("_id", ignore_index=True)
    common = _common(paths)
    survey = common.get("survey", "ZTF")
    result["survey_id"] = result["survey_id"].fillna(f"{survey}___" + result["_id"].astype(str))
    result["obj_id"] = [
        name if isinstance(name, str) else iau_name(ra, dec)
        for name, ra, dec in zip(result["obj_id"], result["ra"], result["dec"], strict=True)
    ]
    result["n_light_curves"] = result["n_scored"]
    places = [name for name in PLACE if name in result]
    result = result[["obj_id", "survey_id", "_id", *places, "n_light_curves", *scores]]
    result.attrs.update(common)
    result.attrs.update({"consolidation_statistic": statistic, "sources_lost": lost})
    return result


def _score_names(paths: Sequence[str | Path], algorithm: str) -> list[str]:
    if not paths:
        raise InputError("consolidation of no predictions", allowed="at least one file")
    found: list[str] | None = None
    for path in paths:
        names = read_schema(path).names
        require_columns(names, [n for n in _NEEDED if n not in PLACE_NAMES], f" in {path}")
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
    needed = [name for name in _NEEDED if name in there]
    frame = to_frame(read_table(path, [*needed, *named, *scores]))
    if not named:
        frame["obj_id"] = pd.Series([None] * len(frame), dtype=object)
    return frame


def _common(paths: Sequence[str | Path]) -> dict[str, Any]:
    """Return what the records of all files say alike."""
    records: list[Mapping[str, Any]] = [read_metadata(path) for path in paths]
    alike = {
        name: value
        for name, value in records[0].items()
        if name != "provenance" and all(entry.get(name) == value for entry in records)
    }
    return {**alike, **joined_check(records)}
