"""The charts of the report, each a string with an inline SVG."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from scope.bands import BAND_NAMES
from scope.report import algorithms
from scope.report.amplitudes import MAG_EDGES
from scope.report.fetch_examples import Curve, Example
from scope.report.sampling import id_hash
from scope.report.sky_maps import padded
from scope.report.svg import Chart, heat_png, linear_ticks, nice_step
from scope.report.tally import MAX_EPOCHS, SCORE_BINS, ClassTally

SCORE_EDGES = np.linspace(0.0, 1.0, SCORE_BINS + 1)
HEAT_COLOUR = (64, 132, 214)
MAX_POINTS = 400
"""Points drawn of one light curve at most, chosen by hash."""

Floats = npt.NDArray[np.float64]


def epochs_chart(epochs: npt.NDArray[np.int64]) -> str:
    """Draw light curves per number of epochs, all and those with scores.

    Parameters
    ----------
    epochs : (2, n) int64
        Numbers without (0) and with (1) scores for 0, 1, 2, … epochs.
    """
    total = epochs.sum(axis=0)
    last = int(np.flatnonzero(total)[-1]) if total.any() else 1
    width = max(1, round(nice_step(last / 60, 1)))
    bins = last // width + 1
    counts = np.zeros((2, bins * width), np.int64)
    part = epochs[:, : bins * width]
    counts[:, : part.shape[1]] = part
    counts = counts.reshape(2, bins, width).sum(axis=2)
    edges = np.arange(bins + 1) * float(width)
    chart = _count_chart((0.0, float(edges[-1])), counts.sum(axis=0).max())
    chart.steps(edges, counts.sum(axis=0), "rest-fill", fill=True)
    chart.steps(edges, counts[1], "good-fill", fill=True)
    chart.axes("good epochs", "light curves")
    capped = f", {MAX_EPOCHS} or more as one" if last == MAX_EPOCHS else ""
    return chart.render(
        f"Histogram of the number of epochs of {total.sum()} light curves, 0 to {last}{capped}"
    )


def magnitude_chart(magnitudes: dict[int, npt.NDArray[np.int64]]) -> str:
    """Draw light curves per median magnitude, a line per filter.

    Parameters
    ----------
    magnitudes : dict of (100,) int64
        Numbers per bin of `MAG_EDGES`, by filter.
    """
    total = np.sum(list(magnitudes.values()), axis=0)
    used = np.flatnonzero(total)
    first, last = max(used[0] - 1, 0), min(used[-1] + 2, len(total))
    edges = MAG_EDGES[first : last + 1]
    chart = _count_chart((float(edges[0]), float(edges[-1])), total.max())
    for one, counts in sorted(magnitudes.items()):
        chart.steps(edges, counts[first:last], f"band {band_css(one)}")
    chart.axes("median magnitude", "light curves")
    return chart.render(
        f"Histogram of the median magnitudes of {total.sum()} light curves, "
        f"{MAG_EDGES[used[0]]:g} to {MAG_EDGES[used[-1] + 1]:g} mag"
    )


def band_css(number: int) -> str:
    """Return the CSS class of a filter; `scope.report.page` gives it a colour."""
    return f"f-{BAND_NAMES.get(number, 'x')}"


def band_name(number: int) -> str:
    """Return the name of a filter."""
    return BAND_NAMES.get(number, "unknown")


def score_chart(one: ClassTally, threshold: float) -> str:
    """Draw the numbers of scores of all algorithms, logarithmic, and the threshold."""
    most = max(counts.max() for counts in one.histograms.values())
    chart = _count_chart((0.0, 1.0), most, size=(330, 195))
    for name, counts in one.histograms.items():
        css = algorithms.mark(name)
        chart.steps(SCORE_EDGES, counts, css, fill=css.endswith("fill"))
    _, top, _, bottom = chart.box
    at = chart.x(threshold)
    chart.add(f'<path class="threshold" d="M{at:.1f},{top:.1f}V{bottom:.1f}"/>')
    chart.axes("score", "light curves", x_ticks=(0, 0.2, 0.4, 0.6, 0.8, 1))
    told = ", ".join(
        f"{counts.sum()} by {algorithms.title(name)}" for name, counts in one.histograms.items()
    )
    return chart.render(f"Histogram of the scores for {one.label}: {told}")


def plane_charts(one: ClassTally, threshold: float) -> str:
    """Draw the scores of each pair of algorithms that scored, one against the other."""
    return "".join(
        plane_chart(one, pair, threshold)
        for pair in one.planes
        if all(one.scored[name] for name in pair)
    )


def plane_chart(one: ClassTally, pair: tuple[str, str], threshold: float) -> str:
    """Draw the score of one algorithm against that of another as a heat map, logarithmic."""
    plane = one.planes[pair]
    x_name, y_name = (algorithms.title(name) for name in pair)
    ticks = (0, 0.5, 1)
    chart = Chart.sized(210, 195, (0.0, 1.0), (0.0, 1.0))
    chart.image(heat_png(plane.T, HEAT_COLOUR), (0, 1), (0, 1))
    left, top, right, bottom = chart.box
    x, y = float(chart.x(threshold)), float(chart.y(threshold))
    chart.add(
        f'<path class="threshold" d="M{x:.1f},{top:.1f}V{bottom:.1f}'
        f'M{left:.1f},{y:.1f}H{right:.1f}"/>'
    )
    chart.axes(f"{x_name} score", f"{y_name} score", x_ticks=ticks, y_ticks=ticks)
    return chart.render(
        f"Heat map of the {y_name} score against the {x_name} score for {one.label}, "
        f"{plane.sum()} light curves, most in one cell {plane.max()}"
    )


def _count_chart(
    x_range: tuple[float, float], largest: int, size: tuple[float, float] = (520, 260)
) -> Chart:
    """Return a chart with a logarithmic axis of counts; 1 stands clear of the edge."""
    return Chart.sized(*size, x_range, (0.7, max(15.0, 1.6 * float(largest))), log="y")


class PeriodAmplitude:
    """Period-amplitude diagrams over one background of all light curves.

    Parameters
    ----------
    period, amplitude : (n,) float
        Of the background, days and mag. Rows without both above 0 are left out.
    """

    NAME = "all-periods"

    def __init__(self, period: Floats, amplitude: Floats) -> None:
        good = (period > 0) & (amplitude > 0)
        self.period, self.amplitude = period[good], amplitude[good]
        if len(self.period):
            self.x_range = _decades(self.period)
            self.y_range = _decades(self.amplitude)

    def __len__(self) -> int:
        return len(self.period)

    def chart(self) -> str:
        """Draw all light curves, large."""
        chart = self._chart(1080, 420)
        chart.dots(self.period, self.amplitude, "good small")
        chart.axes("period (days)", "amplitude (mag)")
        return chart.render(
            f"Period-amplitude diagram of {len(self)} light curves, both axes logarithmic"
        )

    def background(self) -> str:
        """Return the points of the small charts, once, for all of them to use."""
        chart = self._chart(250, 185)
        chart.dots(self.period, self.amplitude, "rest tiny", name=self.NAME)
        return f'<svg width="0" height="0" aria-hidden="true"><defs>{chart.parts[0]}</defs></svg>'

    def class_chart(self, label: str, period: Floats, amplitude: Floats) -> str:
        """Draw the members of one class over the background, small.

        `period` (days) and `amplitude` (mag): (n,) float.
        """
        good = (period > 0) & (amplitude > 0)
        chart = self._chart(250, 185)
        chart.add(f'<use href="#{self.NAME}"/>')
        chart.dots(period[good], amplitude[good], "member")
        chart.axes("period (days)", "amplitude (mag)")
        return chart.render(
            f"Period-amplitude diagram, {good.sum()} light curves of {label} marked"
        )

    def _chart(self, width: float, height: float) -> Chart:
        return Chart.sized(width, height, self.x_range, self.y_range, log="xy")


def _decades(values: Floats) -> tuple[float, float]:
    """Return a range of whole decades, at least one, that holds all but stray values."""
    low, high = np.percentile(values, (0.1, 99.9))
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return 10.0**first, 10.0 ** max(last, first + 1)


def example_chart(example: Example, curve: Curve, *, folded: bool) -> str:
    """Draw a light curve, brighter up: against phase, twice over, or against time.

    Parameters
    ----------
    folded : bool
        Phase 0 is the first epoch. Needs a period.
    """
    time, mag, magerr = _thinned(curve)
    margin = max(0.06 * (mag.max() - mag.min()), 0.02)
    y_range = float(mag.min() - margin), float(mag.max() + margin)
    if folded:
        x, x_range, x_label = (time - curve.time[0]) / example.period % 1.0, (0.0, 2.0), "phase"
    else:
        x, x_range, x_label = time, padded(time, 0.03), "HMJD (days)"
    chart = Chart.sized(330, 190, x_range, y_range, reverse="y")
    points = _points(chart, x, mag, magerr, band_css(example.filter))
    chart.add(points)
    if folded:
        # The second cycle is the first one, moved.
        shift = float(chart.x(1.0) - chart.x(0.0))
        chart.add(f'<g transform="translate({shift:.1f})">{points}</g>')
    text = str if folded else (lambda value: f"{value:.0f}")
    ticks = linear_ticks(*x_range, 4)
    chart.axes(x_label, "mag", x_ticks=ticks, x_text=text if not folded else _phase_text)
    kind = f"folded at {example.period:.6g} days" if folded else "against time"
    return chart.render(
        f"Light curve {example.id} {kind}: {len(curve.time)} epochs, "
        f"{curve.mag.min():.2f} to {curve.mag.max():.2f} mag"
    )


def _phase_text(value: float) -> str:
    return f"{value:g}"


def _thinned(curve: Curve) -> tuple[Floats, Floats, Floats]:
    """Return the points of a light curve, at most `MAX_POINTS` of them."""
    count = len(curve.time)
    keep = np.arange(count)
    if count > MAX_POINTS:
        keep = np.sort(np.argsort(id_hash(keep), kind="stable")[:MAX_POINTS])
    return curve.time[keep], curve.mag[keep], curve.magerr[keep]


def _points(chart: Chart, x: Floats, mag: Floats, magerr: Floats, css: str) -> str:
    """Return error bars and points as two paths."""
    across = chart.x(x)
    low, high = chart.y(mag - magerr), chart.y(mag + magerr)
    bars = "".join(
        f"M{a:.1f},{b:.1f}V{c:.1f}"
        for a, b, c in zip(across.tolist(), low.tolist(), high.tolist(), strict=True)
    )
    dots = "".join(
        f"M{a:.1f},{b:.1f}h0" for a, b in zip(across.tolist(), chart.y(mag).tolist(), strict=True)
    )
    return f'<path class="bars {css}" d="{bars}"/><path class="dots point {css}" d="{dots}"/>'
