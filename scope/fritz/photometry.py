"""Light curves of a source: as photometry for Fritz, and as pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scope.errors import NotFoundError
from scope.identifiers import FILTER_NAMES
from scope.lightcurves.cleaning import CleaningOptions, clean
from scope.services.fritz import Fritz

if TYPE_CHECKING:
    from scope.surveys.base import Survey

MAX_POINTS = 10_000
"""Points of a request; the server refuses more."""

MJD_ZERO_HJD = 2400000.5

DEPTHS = {1: 20.8, 2: 20.6, 3: 19.9}
"""Median five-sigma depths of single exposures in g, r and i (Bellm et al. 2019, PASP 131,
018002, table 1); light curves do not hold those of their own exposures."""

COLOURS = {1: "green", 2: "red", 3: "goldenrod"}
PLOT_ZERO_MJD = 58000.0
DPI = 120

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Photometry:
    """Good points of all light curves at a place, by time.

    Attributes
    ----------
    mjd, mag, magerr : (n,) float64
        Days (heliocentric) and magnitudes.
    filter : (n,) int
        1 g, 2 r, 3 i.
    ra, dec : float
        Degrees.
    """

    mjd: Floats
    mag: Floats
    magerr: Floats
    filter: npt.NDArray[np.int64]
    ra: float
    dec: float

    def __len__(self) -> int:
        return len(self.mjd)


class LightCurveSource:
    """Light curves around positions, from a survey that is opened when it is needed.

    Parameters
    ----------
    open_survey : callable
        Returns the survey.
    """

    def __init__(self, open_survey: Callable[[], Survey]) -> None:
        self._open = open_survey

    @cached_property
    def survey(self) -> Survey:
        """The survey."""
        return self._open()

    def around(self, ra: float, dec: float, radius_arcsec: float) -> Photometry:
        """Return the good points of all light curves within a radius.

        Points that several light curves share, with one time and filter, stand once: that
        of the nearest.
        """
        found = self.survey.cone([ra], [dec], radius_arcsec)
        ids = found.column("_id").to_numpy()
        bands = found.column("filter").to_pylist()
        curves = self.survey.lightcurves(ids)
        options = CleaningOptions(min_epochs=1, min_cadence_minutes=0.0)
        curves, _ = clean(curves, options)
        repeats = curves.n_epochs
        band = np.repeat([number or 0 for number in bands], repeats).astype(np.int64)
        mjd = curves.time + (curves.time_zero_hjd - MJD_ZERO_HJD)
        first: dict[tuple[float, int], int] = {}
        for index, pair in enumerate(zip(mjd.tolist(), band.tolist(), strict=True)):
            first.setdefault(pair, index)
        chosen = np.array(sorted(first.values(), key=lambda k: (mjd[k], band[k])), dtype=np.int64)
        return Photometry(
            mjd[chosen],
            curves.mag[chosen].astype(np.float64),
            curves.magerr[chosen].astype(np.float64),
            band[chosen],
            ra,
            dec,
        )


def find_instrument(fritz: Fritz, name: str) -> int:
    """Return the number of an instrument on Fritz.

    Raises
    ------
    NotFoundError
        If there is none of that name.
    """
    instruments = fritz.get("instrument")
    for instrument in instruments:
        if instrument["name"] == name:
            return int(instrument["id"])
    raise NotFoundError(
        "no such instrument on Fritz",
        value=name,
        allowed=[item["name"] for item in instruments],
        todo="name one with --instrument-name",
    )


def put_photometry(
    fritz: Fritz, obj_id: str, points: Photometry, instrument: int, groups: Sequence[int]
) -> int:
    """Send points, those that are there already once more without effect; return how many."""
    for body in photometry_requests(obj_id, points, instrument, groups):
        fritz.put("photometry", body)
    return len(points)


def photometry_requests(
    obj_id: str, points: Photometry, instrument: int, groups: Sequence[int]
) -> Iterator[dict[str, Any]]:
    """Yield the bodies of requests with points of g, r and i, `MAX_POINTS` at most in each."""
    known = np.flatnonzero(np.isin(points.filter, list(DEPTHS)))
    for start in range(0, len(known), MAX_POINTS):
        part = known[start : start + MAX_POINTS]
        bands = points.filter[part].tolist()
        yield {
            "obj_id": obj_id,
            "instrument_id": instrument,
            "group_ids": list(groups),
            "mjd": points.mjd[part].tolist(),
            "mag": points.mag[part].tolist(),
            "magerr": points.magerr[part].tolist(),
            "limiting_mag": [DEPTHS[band] for band in bands],
            "magsys": "ab",
            "filter": [f"ztf{FILTER_NAMES[band]}" for band in bands],
            "ra": [points.ra] * len(part),
            "dec": [points.dec] * len(part),
        }


def plot_title(radius_arcsec: float, obj_id: str, *, folded: bool) -> str:
    """Return the title of a picture, which is the text of its comment too."""
    kind = "phase-folded" if folded else "time series"
    return f"ZTF source within {radius_arcsec:g} arcsec of {obj_id}: {kind}"


def plot_photometry(
    points: Photometry, title: str, path: str | Path, *, period: float | None = None
) -> Path:
    """Draw magnitudes against time, or with a period in days against phase, into a PNG.

    Phases count from the first point; two cycles are drawn.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.0, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    style: dict[str, Any] = {"fmt": ".", "markersize": 4, "elinewidth": 0.6, "alpha": 0.8}
    for band, colour in COLOURS.items():
        chosen = points.filter == band
        if not chosen.any():
            continue
        x, mag, magerr = points.mjd[chosen], points.mag[chosen], points.magerr[chosen]
        if period is not None:
            phase = (x - points.mjd[0]) / period % 1.0
            x = np.concatenate([phase, phase + 1.0])
            mag, magerr = np.tile(mag, 2), np.tile(magerr, 2)
        else:
            x = x - PLOT_ZERO_MJD
        label = f"ztf{FILTER_NAMES[band]} ({chosen.sum()})"
        axes.errorbar(x, mag, yerr=magerr, color=colour, label=label, **style)
    axes.invert_yaxis()
    if period is None:
        axes.set_xlabel(f"MJD - {PLOT_ZERO_MJD:.0f} [d]")
    else:
        axes.set_xlabel(f"Phase, period {period:.8g} d")
        axes.set_xlim(0.0, 2.0)
    axes.set_ylabel("Magnitude (AB)")
    axes.set_title(title, fontsize=10)
    axes.legend(loc="upper right", fontsize=8)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # No time of day and no version: the same points give the same picture.
    figure.savefig(path, dpi=DPI, format="png", metadata={"Software": None})
    return path
