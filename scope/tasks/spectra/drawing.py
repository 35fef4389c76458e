"""A spectrum for a person, with the lines marked where the proposed redshift puts them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scope.models.spectra.wavelength_grid import REST_ANGSTROM, Grid

WIDTH, HEIGHT = 900, 260
_LEFT, _BOTTOM = 46, 34


def draw_spectrum(
    x: npt.NDArray[np.floating], grid: Grid, z: float | None = None, title: str = ""
) -> str:
    """Return an SVG of a normalised spectrum.

    Parameters
    ----------
    x : (bins,) array
    z : float, optional
        Redshift at which lines are marked.
    """
    wave = grid.wavelength(np.arange(grid.n_bins), half_bin=True)
    low, high = np.percentile(x, [0.5, 99.5])
    margin = 0.1 * max(high - low, 1e-3)
    low, high = low - margin, high + margin

    def across(wavelength: float) -> float:
        share = (wavelength - wave[0]) / (wave[-1] - wave[0])
        return float(_LEFT + share * (WIDTH - _LEFT - 8))

    def down(value: float) -> float:
        share = (min(max(value, low), high) - low) / (high - low)
        return float(HEIGHT - _BOTTOM - share * (HEIGHT - _BOTTOM - 24))

    points = " ".join(f"{across(w):.1f},{down(v):.1f}" for w, v in zip(wave, x, strict=True))
    parts = [
        f"<svg viewBox='0 0 {WIDTH} {HEIGHT}' role='img' aria-label='spectrum' "
        "font-size='12' font-family='sans-serif'>",
        f"<polyline points='{points}' fill='none' stroke='#1b1b1b' stroke-width='1'/>",
    ]
    for tick in range(4000, 10000, 1000):
        at = across(tick)
        parts.append(
            f"<line x1='{at:.1f}' x2='{at:.1f}' y1='{HEIGHT - _BOTTOM}' y2='{HEIGHT - _BOTTOM + 5}'"
            f" stroke='#555'/><text x='{at:.1f}' y='{HEIGHT - 16}' text-anchor='middle'>{tick}"
            "</text>"
        )
    parts.append(f"<text x='{WIDTH - 8}' y='{HEIGHT - 4}' text-anchor='end'>Angstrom</text>")
    if z is not None and np.isfinite(z):
        parts += _marks(z, wave, across)
        title += f" lines at z = {z:.3f}"
    parts.append(f"<text x='{_LEFT}' y='12'>{title.strip()}</text></svg>")
    return "".join(parts)


def _marks(z: float, wave: npt.NDArray[np.float64], across: object) -> list[str]:
    parts = []
    for name, rest in REST_ANGSTROM.items():
        observed = rest * (1 + z)
        if wave[0] <= observed <= wave[-1]:
            at = across(observed)  # type: ignore[operator]
            parts.append(
                f"<line x1='{at:.1f}' x2='{at:.1f}' y1='24' y2='{HEIGHT - _BOTTOM}' "
                "stroke='#c33' stroke-dasharray='4 3'/>"
                f"<text x='{at + 3:.1f}' y='24' fill='#c33'>{name.partition('(')[0]}</text>"
            )
    return parts
