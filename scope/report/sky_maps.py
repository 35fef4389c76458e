"""Maps of the sky: all light curves, and each class over them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from scope.report.sampling import Smallest
from scope.report.svg import Chart, heat_png

Floats = npt.NDArray[np.float64]

LARGE = (1000.0, 640.0)
"""Most pixels of the plot area of the large map, across and up."""

SMALL = (185.0, 150.0)
"""The same of the map of a class."""

MIDDLE = (400.0, 300.0)
"""The same of the map of the coverage."""

COVERAGE_CELLS = 40
"""Cells of the coverage along the longer side at most."""

PER_CELL = 8
"""Light curves that a cell holds in the middle, where that needs fewer cells: else chance shows."""

COVERAGE_COLOUR = (47, 118, 196)

LEAST = (120.0, 70.0)
"""Fewest pixels, for regions that are long and narrow."""


class SkyMap:
    """Maps of one region, right ascension rising to the left, at the right aspect ratio.

    Parameters
    ----------
    sky : Smallest
        At least one row, columns ``ra``, ``dec`` (deg) and ``classified``.
    places : sequence of Smallest
        Members of classes that are to be drawn; columns ``ra``, ``dec``.
    """

    NAME = "all-places"

    def __init__(self, sky: Smallest, places: Sequence[Smallest] = ()) -> None:
        every = [sky, *places]
        ra = np.concatenate([one.floats("ra") for one in every])
        dec = np.concatenate([one.floats("dec") for one in every])
        self.start = _start(ra)
        self.ra, self.dec = self._unwrapped(sky.floats("ra")), sky.floats("dec")
        self.classified = sky.columns["classified"].astype(bool)
        self.x_range, self.y_range = padded(self._unwrapped(ra), 0.02), padded(dec, 0.02)

    def _unwrapped(self, ra: Floats) -> Floats:
        return (ra - self.start) % 360.0 + self.start

    def chart(self) -> str:
        """Draw all light curves, large; those without scores below the others."""
        chart = self._chart(LARGE)
        good = self.classified
        chart.dots(self.ra[~good], self.dec[~good], "rest")
        chart.dots(self.ra[good], self.dec[good], "good")
        self._axes(chart)
        ra = self.ra % 360
        return chart.render(
            f"Sky map of {len(ra)} light curves between right ascension {self.ra.min() % 360:.2f} "
            f"and {self.ra.max() % 360:.2f}, declination {self.dec.min():.2f} and "
            f"{self.dec.max():.2f} degrees; {good.sum()} are classified"
        )

    def coverage_chart(self) -> str:
        """Draw how many light curves lie where, in cells."""
        chart = self._chart(MIDDLE)
        across = (self.x_range[1] - self.x_range[0]) * _shrink(self.y_range)
        up = self.y_range[1] - self.y_range[0]
        most = max(across, up)
        fine = min(COVERAGE_CELLS, math.sqrt(len(self.ra) / PER_CELL * most**2 / (across * up)))
        bins = [max(1, round(fine * side / most)) for side in (up, across)]
        counts, _, _ = np.histogram2d(
            self.dec, self.ra, bins=bins, range=[self.y_range, self.x_range]
        )
        # Right ascension rises to the left, and an image starts there.
        png = heat_png(counts[:, ::-1].astype(np.int64), COVERAGE_COLOUR)
        chart.image(png, self.x_range, self.y_range)
        self._axes(chart)
        return chart.render(
            f"Coverage: light curves in {bins[1]} by {bins[0]} cells between right ascension "
            f"{self.ra.min() % 360:.2f} and {self.ra.max() % 360:.2f}, declination "
            f"{self.dec.min():.2f} and {self.dec.max():.2f} degrees"
        )

    def background(self) -> str:
        """Return the points of the small maps, once, for all of them to use."""
        chart = self._chart(SMALL)
        chart.dots(self.ra, self.dec, "rest tiny", name=self.NAME)
        return f'<svg width="0" height="0" aria-hidden="true"><defs>{chart.parts[0]}</defs></svg>'

    def class_chart(self, label: str, places: Smallest) -> str:
        """Draw the members of one class over all light curves, small."""
        chart = self._chart(SMALL)
        chart.add(f'<use href="#{self.NAME}"/>')
        chart.dots(self._unwrapped(places.floats("ra")), places.floats("dec"), "member")
        self._axes(chart)
        return chart.render(f"Sky map, {len(places.ids)} light curves of {label} marked")

    def _axes(self, chart: Chart) -> None:
        chart.axes("right ascension (deg)", "declination (deg)", x_text=lambda a: f"{a % 360:.6g}")

    def _chart(self, most: tuple[float, float]) -> Chart:
        across = (self.x_range[1] - self.x_range[0]) * _shrink(self.y_range)
        up = self.y_range[1] - self.y_range[0]
        scale = min(most[0] / across, most[1] / up)
        width, height = max(scale * across, LEAST[0]), max(scale * up, LEAST[1])
        margins = (10, 18, 40, 62)
        return Chart.sized(
            *(width + margins[1] + margins[3], height + margins[0] + margins[2]),
            *(self.x_range, self.y_range),
            margins=margins,
            reverse="x",
        )


def _shrink(dec: tuple[float, float]) -> float:
    """Return how much shorter a degree of right ascension is in the middle of a region."""
    return max(math.cos(math.radians(np.clip(np.mean(dec), -90, 90))), 0.05)


def _start(ra: Floats) -> float:
    """Return where the axis of right ascensions, (n,) degrees, starts: after the widest gap."""
    order = np.sort(ra % 360.0)
    gaps = np.append(np.diff(order), order[0] + 360.0 - order[-1])
    return float(order[(int(np.argmax(gaps)) + 1) % len(order)])


def padded(values: Floats, part: float) -> tuple[float, float]:
    """Return the range of values, widened on both sides by a part of it.

    `values`: (n,) float.
    """
    low, high = float(values.min()), float(values.max())
    margin = max(part * (high - low), 0.01)
    return low - margin, high + margin
