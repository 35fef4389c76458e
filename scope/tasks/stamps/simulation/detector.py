"""What a detector makes of light: noise and faults. Positions of faults are kept as truth."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

FULL_WELL = 55000.0
SATURATED = 0.98 * FULL_WELL
READ_NOISE = 8.0
BLEED_FROM = 1.0


@dataclass
class Faults:
    """Pixels of faults: kind -> an (n, 2) array of x, y each."""

    pixels: dict[str, list[Floats]] = field(default_factory=dict)

    def add(self, kind: str, x: npt.ArrayLike, y: npt.ArrayLike) -> None:
        """Keep the pixels of a fault."""
        place = np.column_stack([np.ravel(x), np.ravel(y)]).astype(np.float64)
        self.pixels.setdefault(kind, []).append(place)

    def places(self, kind: str) -> Floats:
        """Return all pixels of a kind of fault, (n, 2)."""
        return np.concatenate([np.empty((0, 2)), *self.pixels.get(kind, [])])


@dataclass(frozen=True)
class Chip:
    """Faults that stay: hot pixels (x, y, electrons) and bad columns (x, first row, electrons)."""

    hot: Floats
    columns: Floats


def draw_chip(rng: np.random.Generator, size: int) -> Chip:
    """Draw the lasting faults of a detector of a size."""
    n = rng.poisson(16 * (size / 512) ** 2)
    hot = np.column_stack(
        [rng.integers(0, size, (n, 2)).astype(np.float64), 10 ** rng.uniform(2.3, 4.3, n)]
    )
    m = rng.poisson(2)
    columns = np.column_stack(
        [
            rng.integers(0, size, m).astype(np.float64),
            rng.integers(0, size, m).astype(np.float64),
            rng.choice([-1, 1], m) * 10 ** rng.uniform(1.6, 2.6, m),
        ]
    )
    return Chip(hot, columns)


def saturate(image: Floats, faults: Faults) -> None:
    """Cut pixels at the full well, and let the rest of their charge run along the column.

    `image`: (rows, columns) float64, electrons; changed in place.
    """
    for column in np.unique(np.nonzero(image > FULL_WELL)[1]):
        line = image[:, column]
        over = np.clip(line - FULL_WELL, 0, None)
        centre = int(np.average(np.arange(len(line)), weights=over))
        line[:] = np.minimum(line, FULL_WELL)
        _spread(line, centre, over.sum() / 2, 1)
        _spread(line, centre, over.sum() / 2, -1)
    rows, columns = np.nonzero(image >= SATURATED)
    faults.add("bleed", columns, rows)


def _spread(line: Floats, start: int, charge: float, step: int) -> None:
    """Fill the wells of a column one after the other until the charge is used up."""
    row = start
    while charge > BLEED_FROM and 0 <= row < len(line):
        room = min(FULL_WELL - line[row], charge)
        line[row] += room
        charge -= room
        row += step


def add_cosmic_rays(image: Floats, rng: np.random.Generator, mean: float, faults: Faults) -> None:
    """Add tracks of particles: short lines, or single pixels, of any brightness.

    `image`: (rows, columns) float64, electrons; changed in place.
    """
    size = image.shape[0]
    for _ in range(rng.poisson(mean * (size / 512) ** 2)):
        length = int(rng.geometric(0.35))
        x0, y0 = rng.uniform(0, size, 2)
        angle = rng.uniform(0, 2 * np.pi)
        along = np.arange(length)
        x = np.clip((x0 + along * np.cos(angle)).astype(int), 0, size - 1)
        y = np.clip((y0 + along * np.sin(angle)).astype(int), 0, size - 1)
        image[y, x] += 10 ** rng.uniform(2.2, 4.4) * rng.uniform(0.5, 1.5, length)
        faults.add("cosmic_ray", x, y)


def add_chip(image: Floats, chip: Chip, faults: Faults) -> None:
    """Add the lasting faults of the detector.

    `image`: (rows, columns) float64, electrons; changed in place.
    """
    for x, y, charge in chip.hot:
        image[int(y), int(x)] += charge
        faults.add("hot_pixel", x, y)
    for x, first, charge in chip.columns:
        image[int(first) :, int(x)] += charge
        rows = np.arange(int(first), image.shape[0])
        faults.add("bad_column", np.full(len(rows), x), rows)


def add_trail(image: Floats, rng: np.random.Generator, width: float, faults: Faults) -> None:
    """Add the trail of a satellite across the whole image, sometimes dashed by its tumbling.

    `image`: (rows, columns) float64, electrons; changed in place. `width` in pixels.
    """
    size = image.shape[0]
    angle = rng.uniform(0, np.pi)
    x0, y0 = rng.uniform(0.2 * size, 0.8 * size, 2)
    y, x = np.mgrid[:size, :size]
    across = (x - x0) * np.sin(angle) - (y - y0) * np.cos(angle)
    along = (x - x0) * np.cos(angle) + (y - y0) * np.sin(angle)
    sigma = width / 2.355
    strength = 10 ** rng.uniform(1.8, 3.0)
    if rng.random() < 0.4:
        strength = strength * np.clip(np.sin(2 * np.pi * along / rng.uniform(30, 120)), 0, None)
    image += strength * np.exp(-0.5 * (across / sigma) ** 2)
    rows, columns = np.nonzero(np.abs(across) < 1)
    faults.add("trail", columns, rows)


def add_ghosts(
    image: Floats, x: Floats, y: Floats, flux: Floats, rng: np.random.Generator, faults: Faults
) -> None:
    """Add the reflections of bright stars: faint rings opposite of the centre.

    `image`: (rows, columns) float64, electrons; changed in place. `x`, `y` (pixels) and `flux`
    (electrons): (n,) float64.
    """
    size = image.shape[0]
    centre = (size - 1) / 2
    for each_x, each_y, each in zip(x, y, flux, strict=True):
        at_x, at_y = 2 * centre - each_x, 2 * centre - each_y
        radius = rng.uniform(5, 12)
        rows, columns = np.mgrid[:size, :size]
        r = np.hypot(columns - at_x, rows - at_y)
        ring = (r < radius) & (r > 0.35 * radius)
        if ring.any():
            image[ring] += each * rng.uniform(1e-3, 4e-3) / ring.sum()
            faults.add("ghost", columns[r < radius], rows[r < radius])


def expose(light: Floats, sky: float, rng: np.random.Generator) -> Floats:
    """Return an exposure with photon and read noise, the sky not subtracted.

    `light` and the result: (rows, columns) float64, electrons; `sky`, electrons per pixel, stays
    in.
    """
    expected = np.clip(light + sky, 1.0, None)
    noise = rng.standard_normal(light.shape) * np.sqrt(expected + READ_NOISE**2)
    return np.asarray(light + sky + noise)
