"""Cleaned light curves of some ids, of whatever survey has them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from scope.lightcurves.cleaning import (
    CleaningOptions,
    clean,
)
from scope.lightcurves.curves import LightCurves
from scope.surveys.base import Survey


def cleaned_by_id(
    surveys: Sequence[Survey], ids: npt.NDArray[np.int64], cleaning: CleaningOptions
) -> tuple[LightCurves, npt.NDArray[np.object_]]:
    """Return the cleaned light curves of some ids, from the first survey that has each.

    Parameters
    ----------
    surveys : sequence of Survey
        At least one.
    ids : (n,) int64
    cleaning : CleaningOptions

    Returns
    -------
    lightcurves : LightCurves
        n light curves in the order of `ids`.
    reasons : (n,) object
        None, or why a light curve has no points.
    """
    curves, reasons = clean(surveys[0].lightcurves(ids), cleaning)
    for survey in surveys[1:]:
        missing = np.flatnonzero(curves.n_epochs == 0)
        more, more_reasons = clean(survey.lightcurves(ids[missing]), cleaning)
        rows = np.arange(len(ids))
        rows[missing] = len(ids) + np.arange(len(missing))
        curves = LightCurves.concatenate([curves, more]).take(rows)
        reasons = np.concatenate([reasons, more_reasons])[rows]
    return curves, reasons
