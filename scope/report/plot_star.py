"""A picture of one light curve: points, folds, periodogram, scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scope.identifiers import FILTER_NAMES
from scope.lightcurves import LightCurves
from scope.periods.grid import Grid, frequency_grid
from scope.periods.options import PeriodOptions
from scope.plugins import DEFAULT_ALGORITHMS
from scope.report.algorithms import COLOURS, compared, title
from scope.report.plots import DNN_COLOUR, XGB_COLOUR
from scope.report.star_data import StarRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.float64]

BAND_COLOURS = {1: "#2e8b57", 2: "#c0392b", 3: "#8e5a2b"}
GREY = "#555555"
FACTORS = ((1.0, "P"), (0.5, "P/2"), (2.0, "2P"))
N_CLASSES = 8
MAX_COLUMNS = 4000
"""Columns of a drawn periodogram: of each the highest power is kept, so that no peak is lost."""


def periodogram(
    time: Floats, mag: Floats, magerr: Floats, options: PeriodOptions
) -> tuple[Floats, Floats]:
    """Return the Lomb-Scargle periodogram on the grid of the search, by astropy.

    Parameters
    ----------
    time : (n,) float64
        Days.
    mag, magerr : (n,) float64

    Returns
    -------
    frequency : (m,) float64
        1/d; empty where the grid is.
    power : (m,) float64
        0 to 1 (standard normalisation).
    """
    from astropy.timeseries import LombScargle

    grid = frequency_grid(float(np.ptp(time)) if len(time) else 0.0, options)
    if len(time) < 3 or not grid.n or not np.ptp(mag) > 0:
        return np.zeros(0), np.zeros(0)
    frequency = grid.frequency(np.arange(grid.n))
    search = LombScargle(time - time.min(), mag, magerr)
    power = search.power(frequency, method="fast", assume_regular_frequency=True)
    return _highest(grid, np.asarray(power))


def _highest(grid: Grid, power: Floats) -> tuple[Floats, Floats]:
    """Return the peaks of equal parts of the axis of log frequency."""
    edges = np.geomspace(grid.f0, max(grid.f_last, grid.f0 * 1.001), MAX_COLUMNS + 1)
    starts = np.unique(np.clip(((edges - grid.f0) / grid.df).astype(np.int64), 0, grid.n - 1))
    highest = np.array(
        [low + int(np.argmax(power[low:high])) for low, high in _pairs(starts, grid.n)]
    )
    return grid.frequency(highest), power[highest]


def _pairs(starts: npt.NDArray[np.int64], end: int) -> list[tuple[int, int]]:
    return list(zip(starts.tolist(), [*starts[1:].tolist(), end], strict=True))


def plot_star(
    curve: LightCurves, row: StarRow, period_days: float, options: PeriodOptions
) -> Figure:
    """Draw a light curve.

    Parameters
    ----------
    curve : LightCurves
        One, cleaned.
    row : StarRow
        What a catalogue says of it; an empty one where there is none.
    period_days : float
        To fold with; NaN where there is none.
    options : PeriodOptions
        Whose grid the periodogram has.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 9), layout="constrained")
    places = figure.add_gridspec(3, 6, height_ratios=(1, 1, 1.1))
    colour = BAND_COLOURS.get(row.filter, GREY)
    time = np.asarray(curve.time, np.float64) + (curve.time_zero_hjd - 2400000.5)
    mag, magerr = curve.mag.astype(np.float64), curve.magerr.astype(np.float64)
    axes = figure.add_subplot(places[0, :])
    _draw_points(axes, time, mag, magerr, colour)
    axes.set(xlabel="HMJD (days)", ylabel="mag", title=_title(curve, row))
    axes.ticklabel_format(axis="x", useOffset=False, style="plain")
    for number, (factor, name) in enumerate(FACTORS):
        panel = figure.add_subplot(places[1, 2 * number : 2 * number + 2], sharey=axes)
        _draw_fold(panel, (time, mag, magerr), period_days * factor, name, colour)
    scored = bool(row.scores)
    _draw_periodogram(
        figure.add_subplot(places[2, :4] if scored else places[2, :]),
        periodogram(time, mag, magerr, options),
        period_days,
    )
    if scored:
        _draw_scores(figure.add_subplot(places[2, 4:]), row)
    return figure


def _title(curve: LightCurves, row: StarRow) -> str:
    band = FILTER_NAMES.get(row.filter)
    parts = [str(int(curve.ids[0])), row.name, f"filter {band}" if band else ""]
    parts += [f"{int(curve.n_epochs[0])} epochs", f"no scores: {row.reason}" if row.reason else ""]
    return "  ·  ".join(part for part in parts if part)


def _draw_points(axes: Axes, x: Floats, mag: Floats, magerr: Floats, colour: str) -> None:
    axes.errorbar(
        x, mag, magerr, fmt="o", ms=2.5, lw=0, elinewidth=0.6, ecolor="#bbbbbb", color=colour
    )
    axes.spines[["top", "right"]].set_visible(False)
    # Brighter is up; panels that share the axis must turn it once.
    if not axes.yaxis_inverted():
        axes.invert_yaxis()


def _draw_fold(
    axes: Axes, points: tuple[Floats, Floats, Floats], period_days: float, name: str, colour: str
) -> None:
    axes.set(xlabel="phase", ylabel="mag")
    if not period_days > 0:
        axes.text(0.5, 0.5, "no period", transform=axes.transAxes, ha="center", color=GREY)
        axes.set_title(name)
        return
    time, mag, magerr = points
    phase = (time - time[0]) / period_days % 1.0
    phase, mag, magerr = np.concatenate([phase, phase + 1]), np.tile(mag, 2), np.tile(magerr, 2)
    _draw_points(axes, phase, mag, magerr, colour)
    axes.set_xlim(0, 2)
    axes.set_title(f"{name} = {period_days:.7g} d")


def _draw_periodogram(axes: Axes, spectrum: tuple[Floats, Floats], period_days: float) -> None:
    frequency, power = spectrum
    axes.spines[["top", "right"]].set_visible(False)
    axes.set(xlabel="period (days)", ylabel="Lomb-Scargle power")
    if not len(frequency):
        axes.text(0.5, 0.5, "no periodogram", transform=axes.transAxes, ha="center", color=GREY)
        return
    axes.plot(1 / frequency, power, lw=0.6, color=GREY)
    axes.set(xscale="log", ylim=(0, None), xlim=(1 / frequency[-1], 1 / frequency[0]))
    for factor, name in FACTORS:
        at = period_days * factor
        if 1 / frequency[-1] <= at <= 1 / frequency[0]:
            axes.axvline(at, color=XGB_COLOUR, lw=1, ls="-" if factor == 1 else ":", zorder=0)
            axes.annotate(
                name, (at, 1), xycoords=("data", "axes fraction"), xytext=(2, -10),
                textcoords="offset points", fontsize=8, color=XGB_COLOUR,
            )  # fmt: skip


def _draw_scores(axes: Axes, row: StarRow) -> None:
    best = row.best(N_CLASSES)
    places = np.arange(len(best))[::-1]
    kinds = compared(name for one in best.values() for name in one if name != "p")
    colours = dict(zip(DEFAULT_ALGORITHMS, (DNN_COLOUR, XGB_COLOUR), strict=True))
    more = iter(COLOURS * len(kinds))
    height = 0.72 / len(kinds)
    for number, kind in enumerate(kinds):
        values = np.array([one.get(kind, np.nan) for one in best.values()])
        colour = colours.get(kind) or next(more)
        if np.isfinite(values).any():
            shift = 0.36 - height * (number + 0.5)
            bars, label = np.nan_to_num(values), f"{title(kind)} score"
            axes.barh(places + shift, bars, height, color=colour, label=label)
    chances = np.array([one["p"] for one in best.values()])
    if np.isfinite(chances).any():
        axes.plot(chances, places, "D", ms=5, color="black", label="probability", clip_on=False)
    axes.set(xlim=(0, 1), xlabel="most likely classes", yticks=places, yticklabels=[*best])
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="lower center", bbox_to_anchor=(0.4, 1), ncols=3, fontsize=8, frameon=False,
                columnspacing=1, handlelength=1)  # fmt: skip
