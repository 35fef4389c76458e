"""Light curves in the order of a list of ids."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from scope.lightcurves.curves import LightCurves


def aligned(lightcurves: LightCurves, ids: npt.NDArray[np.int64]) -> LightCurves:
    """Return one light curve per id, in the order of `ids`, empty where there is none.

    Parameters
    ----------
    lightcurves : LightCurves
        In any order, each id once.
    ids : (m,) int64
        Each may be asked for several times.

    Returns
    -------
    LightCurves
        m light curves; the input itself where it is in this order already.
    """
    if np.array_equal(lightcurves.ids, ids):
        return lightcurves
    n_curves = len(lightcurves)
    order = np.argsort(lightcurves.ids, kind="stable")
    known = lightcurves.ids[order]
    place = np.searchsorted(known, ids)
    hit = np.zeros(len(ids), dtype=bool)
    inside = place < n_curves
    hit[inside] = known[place[inside]] == ids[inside]
    rows = np.full(len(ids), n_curves)
    rows[hit] = order[place[hit]]
    # An empty curve at the end stands for all that are missing.
    padded = replace(
        lightcurves,
        ids=np.append(lightcurves.ids, 0),
        offsets=np.append(lightcurves.offsets, lightcurves.offsets[-1]),
        faults=None
        if lightcurves.faults is None
        else np.append(lightcurves.faults, np.array([None], dtype=object)),
    )
    return replace(padded.take(rows), ids=np.asarray(ids, dtype=np.int64))


def _with_one_more(faults: npt.NDArray[np.object_] | None) -> npt.NDArray[np.object_] | None:
    return None if faults is None else np.array([*faults, None], dtype=object)
