"""Small charts as inline SVG: a frame with axes, lines, bars, points and images.

The page styles everything through CSS classes and variables (see ``page.STYLE``), so that
one chart serves light and dark screens, and text stays text. The same numbers give the
same bytes on any machine: there are no fonts, dates or random ids in the output.
"""

from __future__ import annotations

import base64
import math
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]


_CHARACTER_PX = 7.0
"""Width of a digit of a tick's number, rather more than less."""


@dataclass(frozen=True)
class Scale:
    """Map data values to pixels.

    Attributes
    ----------
    low, high : float
        Data values at the pixels `start` and `end`; `low` < `high`, both above 0 if `log`.
    start, end : float
        Pixels; `end` < `start` turns the axis round.
    log : bool
        Logarithmic instead of linear.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return pixels, clipped to the axis; (n,) float64."""
        values = np.clip(np.asarray(values, dtype=np.float64), self.low, self.high)
        if self.log:
            part = np.log(values / self.low) / math.log(self.high / self.low)
        else:
            part = (values - self.low) / (self.high - self.low)
        return self.start + part * (self.end - self.start)


def nice_step(span: float, count: int) -> float:
    """Return the step 1, 2 or 5 times a power of ten that gives about `count` steps."""
    raw = span / max(count, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    for factor in (1.0, 2.0, 5.0):
        if raw <= factor * power * 1.0001:
            return factor * power
    return 10.0 * power


def linear_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Return round values within [low, high], about `count` of them."""
    step = nice_step(high - low, count)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{i * step:.12g}") for i in range(first, last + 1)]


def log_ticks(low: float, high: float, count: int = 6) -> list[float]:
    """Return powers of ten within [low, high], thinned to at most about `count`."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    every = max(1, math.ceil((last - first + 1) / count))
    return [10.0**i for i in range(first, last + 1, every)]


def tick_label(value: float) -> str:
    """Return a tick's number, short: ``0.01``, ``250``, ``10k``, ``2M``."""
    for size, unit in ((1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e6 if unit == 'M' else 1e3):g}{unit}"
    return f"{value:.10g}".replace("-", "−")


def coordinates(x: npt.ArrayLike, y: npt.ArrayLike) -> list[str]:
    """Return ``x,y`` strings with one decimal, the resolution of the charts (0.1 px)."""
    pairs = zip(np.asarray(x).tolist(), np.asarray(y).tolist(), strict=True)
    return [f"{a:.1f},{b:.1f}".replace(".0,", ",").removesuffix(".0") for a, b in pairs]


@dataclass
class Chart:
    """One chart: a plot area inside margins, with its axes.

    Attributes
    ----------
    x, y : Scale
        Scales of the plot area; `y.start` is its lower edge.
    width, height : float
        Of the whole chart, pixels.
    """

    width: float
    height: float
    x: Scale
    y: Scale
    parts: list[str] = field(default_factory=list)

    @classmethod
    def sized(
        cls,
        width: float,
        height: float,
        x_range: tuple[float, float],
        y_range: tuple[float, float],
        *,
        margins: tuple[float, float, float, float] = (8, 16, 40, 54),
        log: str = "",
        reverse: str = "",
    ) -> Chart:
        """Make a chart of a size.

        Parameters
        ----------
        x_range, y_range : (low, high)
        margins : (top, right, bottom, left)
            Pixels.
        log, reverse : str
            The axes that are logarithmic or turned round: any of ``x``, ``y``, ``xy``.
        """
        top, right, bottom, left = margins
        across, up = (left, width - right), (height - bottom, top)
        if "x" in reverse:
            across = across[::-1]
        if "y" in reverse:
            up = up[::-1]
        x = Scale(*x_range, *across, log="x" in log)
        y = Scale(*y_range, *up, log="y" in log)
        return cls(width, height, x, y)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom edge of the plot area, pixels."""
        left, right = sorted((self.x.start, self.x.end))
        top, bottom = sorted((self.y.start, self.y.end))
        return left, top, right, bottom

    def add(self, element: str) -> None:
        """Append an SVG element as it is."""
        self.parts.append(element)

    def axes(
        self,
        x_label: str = "",
        y_label: str = "",
        *,
        x_ticks: Sequence[float] | None = None,
        y_ticks: Sequence[float] | None = None,
        x_text: Callable[[float], str] = tick_label,
        y_text: Callable[[float], str] = tick_label,
    ) -> None:
        """Draw grid lines, tick labels, axis labels and the frame."""
        left, top, right, bottom = self.box
        # Powers of ten are short; a tall chart needs no line every 26 pixels.
        across, up = 42 if self.x.log else 70, 26 if bottom - top < 300 else 45
        xs = _ticks(self.x, (right - left) / across) if x_ticks is None else list(x_ticks)
        ys = _ticks(self.y, (bottom - top) / up) if y_ticks is None else list(y_ticks)
        px, py = self.x(xs), self.y(ys)
        lines = [f"M{a:.1f},{top:.1f}V{bottom:.1f}" for a in px]
        lines += [f"M{left:.1f},{b:.1f}H{right:.1f}" for b in py]
        self.add(f'<path class="lines" d="{"".join(lines)}"/>')
        for value, a in zip(xs, px, strict=True):
            self._x_tick(float(a), bottom + 15, x_text(value))
        for value, b in zip(ys, py, strict=True):
            # A label at the lower edge would touch the first one below the axis.
            self.text(left - 5, min(float(b) + 3.5, bottom + 1.0), y_text(value), "tick end")
        if x_label:
            self.text((left + right) / 2, bottom + 31, x_label, "label mid")
        if y_label:
            a, b = 11.0, (top + bottom) / 2
            self.add(
                f'<text class="label mid" transform="translate({a:.1f},{b:.1f})rotate(-90)">'
                f"{escape(y_label)}</text>"
            )
        self.add(
            f'<rect class="frame" x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
            f'height="{bottom - top:.1f}"/>'
        )

    def _x_tick(self, a: float, b: float, text: str) -> None:
        """Write a number below the axis, moved inwards where the chart would cut it off."""
        half = len(text) * _CHARACTER_PX / 2
        self.text(min(max(a, half), self.width - half), b, text, "tick mid")

    def text(self, a: float, b: float, text: str, css: str) -> None:
        """Write text at a pixel."""
        self.add(f'<text class="{css}" x="{a:.1f}" y="{b:.1f}">{escape(text)}</text>')

    def line(self, x: npt.ArrayLike, y: npt.ArrayLike, css: str) -> None:
        """Draw a line through data points."""
        path = " ".join(coordinates(self.x(x), self.y(y)))
        self.add(f'<polyline class="{css}" points="{path}"/>')

    def steps(self, edges: Floats, counts: npt.ArrayLike, css: str, *, fill: bool = False) -> None:
        """Draw a histogram as steps from the lower edge of the plot area.

        Parameters
        ----------
        edges : (bins + 1,) float
        counts : (bins,)
            Zero stands on the lower edge, also of a logarithmic axis.
        fill : bool
            Close the outline, for a filled area.
        """
        counts = np.asarray(counts, dtype=np.float64)
        pixels = np.where(counts > 0, self.y(np.maximum(counts, self.y.low)), self.y.start)
        x = np.repeat(self.x(edges), 2)[1:-1]
        y = np.repeat(pixels, 2)
        if fill:
            x = np.concatenate([x[:1], x, x[-1:]])
            y = np.concatenate([[self.y.start], y, [self.y.start]])
        path = "M" + "L".join(coordinates(x, y)) + ("Z" if fill else "")
        self.add(f'<path class="{css}" d="{path}"/>')

    def dots(self, x: npt.ArrayLike, y: npt.ArrayLike, css: str, *, name: str = "") -> None:
        """Draw points; `name` becomes the element's id, for re-use."""
        path = "".join(f"M{pair}h0" for pair in coordinates(self.x(x), self.y(y)))
        label = f' id="{escape(name)}"' if name else ""
        self.add(f'<path{label} class="dots {css}" d="{path}"/>')

    def image(self, png: bytes, x_range: tuple[float, float], y_range: tuple[float, float]) -> None:
        """Draw an image over a range of data, its pixels kept sharp."""
        left, right = sorted(self.x(x_range).tolist())
        top, bottom = sorted(self.y(y_range).tolist())
        data = base64.b64encode(png).decode()
        self.add(
            f'<image class="pixels" x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
            f'height="{bottom - top:.1f}" preserveAspectRatio="none" '
            f'href="data:image/png;base64,{data}"/>'
        )

    def render(self, description: str) -> str:
        """Return the ``<svg>`` element; `description` is what a screen reader says."""
        size = f"{self.width:g} {self.height:g}"
        return (
            f'<svg viewBox="0 0 {size}" width="{self.width:g}" height="{self.height:g}" '
            f'role="img" aria-label="{escape(description)}">{"".join(self.parts)}</svg>'
        )


def _ticks(scale: Scale, count: float) -> list[float]:
    make = log_ticks if scale.log else linear_ticks
    return make(scale.low, scale.high, max(2, round(count)))


def heat_png(counts: npt.NDArray[np.integer], colour: tuple[int, int, int]) -> bytes:
    """Return a PNG of counts: one colour whose opacity rises with the logarithm.

    Parameters
    ----------
    counts : (rows, columns) integer
        Row 0 is drawn at the bottom. Zero is transparent.
    colour : (red, green, blue)
        0 to 255. Opacity shows well on light and on dark ground.

    Returns
    -------
    bytes
        An indexed PNG with 256 palette entries of this colour and without text chunks.
    """
    height, width = counts.shape
    top = max(float(counts.max(initial=0)), 2.0)
    level = np.log(np.maximum(counts, 1)) / math.log(top)
    index = np.where(counts > 0, 1 + np.rint(254 * level), 0).astype(np.uint8)[::-1]
    rows = np.hstack([np.zeros((height, 1), np.uint8), index]).tobytes()
    opacity = bytes([0, *(round(55 + 200 * i / 254) for i in range(255))])
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", bytes(colour) * 256),
        (b"tRNS", opacity),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    ]
    parts = [b"\x89PNG\r\n\x1a\n"]
    for kind, data in chunks:
        crc = zlib.crc32(kind + data)
        parts.append(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc))
    return b"".join(parts)
