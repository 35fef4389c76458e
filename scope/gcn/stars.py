"""From the light curves at the sources of an event to stars; none is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from scope.errors import InputError
from scope.io import to_frame
from scope.lightcurves.sky import PositionTree, unit_vectors

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Statistic = Literal["mean", "median", "max"]

SURVEY_IDS = ("Gaia_EDR3___id", "AllWISE___id", "PS1_DR1___id")
"""Ids that tell which light curves are of one star, best first; 0 is none."""

SAME_STAR_ARCSEC = 1.5
"""Light curves without such an id are of one star if they are this near to each other."""

NON_VARIABLE = "nonvar"


def find_stars(
    table: pa.Table, *, statistic: Statistic = "mean", radius_arcsec: float = SAME_STAR_ARCSEC
) -> pd.DataFrame:
    """Return one row per source of a catalogue; no light curve is left out.

    Light curves with one ``obj_id``, if there is that column, and one id in another survey
    (Gaia, else AllWISE, else Pan-STARRS) are of one source. Those without an id belong to
    the nearest source within the radius, and where there is none are sources by position.

    Parameters
    ----------
    table : pyarrow.Table
        Columns ``_id``, ``ra``, ``dec`` [deg], ``reason``, ``n_epochs``, ``period`` [d], the ids
        of other surveys, scores ``<class>_dnn`` and ``<class>_xgb``, and maybe ``obj_id``.
    statistic : {"mean", "median", "max"}
        Of the scores of a source's light curves that have any.
    radius_arcsec : float

    Returns
    -------
    pandas.DataFrame
        By ``obj_id``, then position: ``obj_id``, ``survey_id`` (``Gaia_EDR3___<id>``, null
        where there is none), ``_id`` of the light curve with most epochs, its ``period`` and
        ``n_epochs``, ``ra`` and ``dec`` of the mean direction, ids, ``n_light_curves``,
        ``n_scored``, ``reason`` (null where there are scores), and the scores.
    """
    import pandas as pd

    frame = to_frame(table)
    if not len(frame):
        return pd.DataFrame(columns=[*OPENING, *_scores(frame)])
    star = _stars(frame, radius_arcsec)
    rows = [_source(frame.iloc[part], statistic) for part in _parts(star)]
    found = pd.DataFrame(rows)
    for name in ("survey_id", "reason"):
        found[name] = pd.Series([row[name] for row in rows], dtype=object)
    keys = [name for name in ("obj_id", "ra", "dec") if name in found]
    return found.sort_values(keys, ignore_index=True)


OPENING = (
    *("obj_id", "survey_id", "_id", "ra", "dec", "period", "n_epochs", *SURVEY_IDS),
    *("n_light_curves", "n_scored", "reason"),
)


def _scores(frame: pd.DataFrame) -> list[str]:
    from scope.catalog.publish import is_score

    return [name for name in frame.columns if is_score(str(name))]


def _parts(star: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
    """Return the rows of each star, in the order of the stars' numbers."""
    order = np.argsort(star, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(star[order])) + 1)


def _stars(frame: pd.DataFrame, radius_arcsec: float) -> npt.NDArray[np.int64]:
    """Return the number of the star of each row."""
    names = frame["obj_id"].astype(object).tolist() if "obj_id" in frame else [None] * len(frame)
    numbers: dict[Any, int] = {}
    star = np.full(len(frame), -1, dtype=np.int64)
    for index, key in enumerate(_survey_ids(frame)):
        if key is not None:
            star[index] = numbers.setdefault((names[index], key), len(numbers))
    ra, dec = (frame[name].to_numpy(dtype=float) for name in ("ra", "dec"))
    tree = PositionTree(ra, dec)
    for row in np.flatnonzero(star < 0):
        # Nearest first: an identified star, or one that an earlier row has begun.
        near = tree.within([ra[row]], [dec[row]], radius_arcsec).found
        same = [k for k in near.tolist() if star[k] >= 0 and names[k] == names[row]]
        star[row] = star[same[0]] if same else numbers.setdefault(("row", row), len(numbers))
    return star


def _survey_ids(frame: pd.DataFrame) -> list[str | None]:
    """Return the best id of each row, with the name of its survey."""
    found: list[str | None] = [None] * len(frame)
    for name in SURVEY_IDS:
        if name in frame:
            for row, value in enumerate(frame[name].tolist()):
                if found[row] is None and value is not None and value == value and int(value) > 0:
                    found[row] = f"{name.removesuffix('id')}{int(value)}"
    return found


def _source(part: pd.DataFrame, statistic: Statistic) -> dict[str, Any]:
    """Return the row of one star."""
    scores = part[_scores(part)].astype("float64")
    scored = scores.notna().any(axis=1).to_numpy()
    epochs = np.nan_to_num(part["n_epochs"].to_numpy(dtype=float, na_value=np.nan), nan=-1.0)
    # Of equals the light curve with the lowest id; one with scores before any without.
    best = part.iloc[int(np.lexsort((part["_id"].to_numpy(), -epochs, ~scored))[0])]
    ra, dec = _mean_place(part["ra"].to_numpy(dtype=float), part["dec"].to_numpy(dtype=float))
    row: dict[str, Any] = {"obj_id": best["obj_id"]} if "obj_id" in part else {}
    row |= {
        "survey_id": next((key for key in _survey_ids(part) if key is not None), None),
        "_id": int(best["_id"]),
        **{"ra": ra, "dec": dec, "period": best["period"], "n_epochs": best["n_epochs"]},
        **{name: int(part[name].fillna(0).max()) for name in SURVEY_IDS if name in part},
        "n_light_curves": len(part),
        "n_scored": int(scored.sum()),
        "reason": None if scored.any() else best["reason"],
    }
    return row | getattr(scores, statistic)().to_dict()


def _mean_place(ra: npt.NDArray[np.float64], dec: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return the mean direction in degrees; right ascensions around 0 are no special case."""
    x, y, z = unit_vectors(ra, dec).mean(axis=0)
    return float(np.degrees(np.arctan2(y, x)) % 360.0), float(
        np.degrees(np.arctan2(z, np.hypot(x, y)))
    )


def combine_scores(sources: pd.DataFrame, algorithms: Sequence[str]) -> pd.DataFrame:
    """Return sources with the mean of the algorithms' scores of each class, ``<class>``.

    It is empty where an algorithm has no score. ``nonvar`` is 1 - ``vnv``.

    Raises
    ------
    InputError
        If there are no scores of an algorithm.
    """
    result = sources.copy()
    end = f"_{algorithms[0]}"
    tags = [str(name).removesuffix(end) for name in sources if _is_of(name, algorithms[0])]
    for algorithm in algorithms:
        if not any(_is_of(name, algorithm) for name in sources):
            raise InputError("catalogue without scores of an algorithm", value=algorithm)
    means: Mapping[str, Any] = {
        tag: sources[[f"{tag}_{algorithm}" for algorithm in algorithms]].mean(axis=1, skipna=False)
        for tag in tags
        if all(f"{tag}_{algorithm}" in sources for algorithm in algorithms)
    }
    for tag, values in means.items():
        result[tag] = values
    if "vnv" in means:
        result[NON_VARIABLE] = 1.0 - means["vnv"]
    return result


def _is_of(name: Any, algorithm: str) -> bool:
    return str(name).endswith(f"_{algorithm}")
