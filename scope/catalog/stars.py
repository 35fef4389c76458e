"""Which light curves are of one star, and what is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from scope.catalog.merge import SURVEY_IDS
from scope.catalog.publish import is_score
from scope.catalog.strangers import novelty_columns
from scope.lightcurves.sky import unit_vectors
from scope.lightcurves.stars import link_stars

if TYPE_CHECKING:
    import pandas as pd

Statistic = Literal["mean", "median", "max"]

SAME_STAR_ARCSEC = 1.5
"""Light curves without an id in another survey are of a star that is this near."""

OF_THE_BEST = (*("_id", "period", "field", "ccd", "quad", "filter", "n_epochs", "alias_trend"),)
"""What describes a star is that of one of its light curves, and no mean."""


def find_stars(
    rows: pd.DataFrame,
    *,
    statistic: Statistic = "mean",
    radius_arcsec: float = SAME_STAR_ARCSEC,
    more: Sequence[str] = (),
) -> pd.DataFrame:
    """Return one row per star of predictions or a catalogue; no light curve is left out.

    Light curves of one ``obj_id``, if there is that column, and one id in another survey
    (Gaia, else AllWISE, else Pan-STARRS) are of one star. Those without an id belong to the
    nearest star with one within the radius, and where there is none to each other, if they or
    others between them are that near.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``_id``, ``ra``, ``dec`` [deg], ``reason``, ``n_epochs``, ids of other surveys (0 is none),
        scores ``<class>_dnn`` and ``<class>_xgb``, and maybe ``obj_id`` and more of
        `OF_THE_BEST`.
    statistic : {"mean", "median", "max"}
        Of the scores of a star's light curves that have any.
    radius_arcsec : float
    more : sequence of str
        Columns that are treated like scores, such as probabilities.

    Returns
    -------
    pandas.DataFrame
        In no order: ``obj_id``; ``survey_id`` (``Gaia_EDR3___<id>``, null where there is none);
        `OF_THE_BEST`, and how usual it is, of the light curve with most epochs, of those with
        scores, if any has;
        ``ra`` and ``dec`` of the mean direction, so that those around 0 are no special case;
        the ids; ``n_light_curves``; ``n_scored``; ``reason``, null where there are scores; and
        the scores, float64.
    """
    import pandas as pd

    # Of equally near stars the one of the lowest id counts, in whatever order they came.
    rows = rows.sort_values("_id", ignore_index=True)
    names = [*(name for name in rows.columns if is_score(str(name))), *more]
    scores = rows[names].astype("float64")
    star, keys = number_stars(rows, radius_arcsec)
    scored = scores.notna().any(axis=1).to_numpy()
    best = best_rows(rows, star, scored)
    result = rows.loc[best, [name for name in ("obj_id",) if name in rows]]
    # Where any light curve of a star has an id, all have that one or none.
    result["survey_id"] = pd.Series(keys, dtype=object).groupby(star).first().to_numpy()
    described = [name for name in (*OF_THE_BEST, *novelty_columns(rows.columns)) if name in rows]
    result[described] = rows.loc[best, described]
    result["ra"], result["dec"] = mean_places(rows, star)
    for name in SURVEY_IDS:
        if name in rows:
            whole = pd.Series(rows[name].to_numpy(dtype=np.int64, na_value=0))
            result[name] = whole.groupby(star).max().to_numpy()
    result["n_light_curves"] = np.bincount(star)
    result["n_scored"] = np.bincount(star, scored).astype(np.int64)
    result["reason"] = rows.loc[best, "reason"].astype(object).where(~scored[best], None)
    result[names] = scores.groupby(star).agg(statistic).to_numpy()
    return result.reset_index(drop=True)


def _survey_ids(rows: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Return the best id of each row, with the name of its survey; None where it has none."""
    result = np.full(len(rows), None, dtype=object)
    free = np.ones(len(rows), dtype=bool)
    for column in SURVEY_IDS:
        if column in rows:
            ids = rows[column].to_numpy(dtype=np.int64, na_value=0)
            use = np.flatnonzero((ids > 0) & free)
            prefix = column.removesuffix("id")
            result[use] = [f"{prefix}{number}" for number in ids[use]]
            free[use] = False
    return result


def number_stars(
    rows: pd.DataFrame, radius_arcsec: float = SAME_STAR_ARCSEC
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.object_]]:
    """Return the number of the star of each row, from 0 by first rows, and the ids they have.

    Parameters
    ----------
    rows : pandas.DataFrame
        See `find_stars`.
    radius_arcsec : float

    Returns
    -------
    star : (n,) int64
    survey_ids : (n,) object
        ``Gaia_EDR3___<id>`` or that of the next survey; None where a row has none.
    """
    import pandas as pd

    keys = _survey_ids(rows)
    named = rows["obj_id"] if "obj_id" in rows else pd.Series([None] * len(rows), dtype=object)
    name, key = pd.factorize(named)[0], pd.factorize(keys)[0]
    ra, dec = (rows[axis].to_numpy(dtype=float) for axis in ("ra", "dec"))
    first = link_stars(ra, dec, radius_arcsec, source=key, name=name)
    numbers: npt.NDArray[np.int64] = np.unique(first, return_inverse=True)[1]
    return numbers, keys


def best_rows(
    rows: pd.DataFrame, star: npt.NDArray[np.int64], scored: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """Return the row that stands for each star; of equal ones that of the lowest ``_id``.

    `star` (its number, from 0) and `scored` (whether it has scores) of each of n rows: (n,) int64
    and bool; the result: (m,) int64, one per star.
    """
    epochs = rows["n_epochs"].to_numpy(dtype=float, na_value=-1.0)
    order = np.lexsort((rows["_id"].to_numpy(), -epochs, ~scored, star))
    best: npt.NDArray[np.int64] = order[np.unique(star[order], return_index=True)[1]]
    return best


def mean_places(
    rows: pd.DataFrame, star: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the mean directions of stars, in degrees.

    `star` is the number of each of n rows, (n,) int64; right ascensions and declinations: (m,)
    float64, one per star.
    """
    vectors = unit_vectors(*(rows[axis].to_numpy(dtype=float) for axis in ("ra", "dec")))
    x, y, z = (np.bincount(star, weights=axis) for axis in vectors.T)
    return np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arctan2(z, np.hypot(x, y)))
