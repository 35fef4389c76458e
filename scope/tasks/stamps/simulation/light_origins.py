"""What the detections of a simulated image really are: by the light in their pixels.

Near a minor planet there may be a bad column, and the detection may be the column. So a
detection is real when at least half of the light in its pixels is of something that changed
in the sky; only then the nearest such source gives it its kind, else the nearest fault does.

share          light of real changes in the pixels of a detection, over all light in them
template_part  part of these pixels where the template has an image
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from scope.tasks.stamps.simulation.detector import Faults
from scope.tasks.stamps.simulation.image_sky import Sky

Floats = npt.NDArray[np.float64]
Artefact = tuple[str, Floats, Floats | None, float]
"""Kind, positions (n, 2), magnitudes (n,) or none, and how near a detection must be (px)."""

REAL_FROM = 0.5
REAL_PX = 6.0
NEAR_GALAXY_PX = 6.0
BRIGHT_MAGNITUDE = 16.0

FAULT_REACH = {
    "ghost": 1.5,
    "trail": 3.0,
    "edge": 3.0,
    "bad_column": 1.5,
    "hot_pixel": 1.5,
    "cosmic_ray": 1.5,
    "bleed": 3.0,
}


@dataclass(frozen=True)
class Origins:
    """Origins of the light of an image.

    Attributes
    ----------
    segments : (rows, columns) int
        Number of the detection of a pixel, see `subtract.detect`.
    difference : (rows, columns) float
    changed : (rows, columns) float
        What the difference would be without noise and faults, and with a perfect subtraction.
    """

    sky: Sky
    faults: Faults
    segments: npt.NDArray[np.int32]
    difference: Floats
    changed: Floats

    def of(self, found: pd.DataFrame) -> pd.DataFrame:
        """Return ``kind``, ``real``, ``mag_true``, ``share`` and ``template_part``.

        Parameters
        ----------
        found : DataFrame
            Rows of `subtract.detect`, with its index.
        """
        number = found.index.to_numpy() + 1
        share = self._sums(self.changed, number) / self._sums(self.difference, number)
        blank = np.zeros(self.segments.shape)
        columns, rows = self.faults.places("edge").astype(int).T
        blank[rows, columns] = 1.0
        pixels = self._sums(np.ones(self.segments.shape), number)
        x, y = found["x"].to_numpy(), found["y"].to_numpy()
        kind, magnitude = _last_within(x, y, self._artefacts())
        seen, brightness, far = _nearest_of_all(x, y, self._sources())
        real = (share >= REAL_FROM) & (far <= REAL_PX)
        return pd.DataFrame(
            {
                "kind": np.where(real, seen, kind),
                "real": real,
                "mag_true": np.where(real, brightness, magnitude),
                "share": share,
                "template_part": 1 - self._sums(blank, number) / pixels,
            },
            index=found.index,
        )

    def _sums(self, image: Floats, number: npt.NDArray[np.integer]) -> Floats:
        total = np.bincount(self.segments.ravel(), weights=image.ravel(), minlength=1)
        return np.asarray(total[number])

    def _artefacts(self) -> list[Artefact]:
        """Return what leaves artefacts; later kinds go before earlier ones."""
        stars, galaxies = self.sky.stars, self.sky.galaxies
        bright = stars[stars[:, 2] < BRIGHT_MAGNITUDE]
        return [
            ("galaxy_residual", galaxies[:, :2], None, NEAR_GALAXY_PX),
            ("star_residual", stars[:, :2], stars[:, 2], 4.0),
            ("bright_star", bright[:, :2], bright[:, 2], 14.0),
            *((name, self.faults.places(name), None, far) for name, far in FAULT_REACH.items()),
        ]

    def _sources(self) -> list[tuple[str, Floats]]:
        """Return what changes in the sky: kind, and x, y, magnitude (n, 3)."""
        return [
            ("variable_star", self.sky.stars[self.sky.varies][:, [0, 1, 3]]),
            ("transient", self.sky.transients[:, :3]),
            ("minor_planet", self.sky.movers[:, :3]),
        ]


def _last_within(
    x: Floats, y: Floats, artefacts: list[Artefact]
) -> tuple[npt.NDArray[np.object_], Floats]:
    """Return the last kind that is near enough, ``noise`` where none is, and its magnitude."""
    kind = np.full(len(x), "noise", dtype=object)
    magnitude = np.full(len(x), np.nan)
    for name, places, magnitudes, reach in artefacts:
        near, far = _nearest(x, y, places)
        hit = far <= reach
        kind[hit] = name
        magnitude[hit] = np.nan if magnitudes is None else magnitudes[near[hit]]
    return kind, magnitude


def _nearest_of_all(
    x: Floats, y: Floats, sources: list[tuple[str, Floats]]
) -> tuple[npt.NDArray[np.object_], Floats, Floats]:
    """Return kind and magnitude of the nearest source, and how far it is (px)."""
    places = np.concatenate([each for _, each in sources])
    names = np.repeat([name for name, _ in sources], [len(each) for _, each in sources])
    near, far = _nearest(x, y, places[:, :2])
    if not len(places):
        return np.full(len(x), "", dtype=object), np.full(len(x), np.nan), far
    return names[near].astype(object), places[near, 2], far


def _nearest(x: Floats, y: Floats, places: Floats) -> tuple[npt.NDArray[np.intp], Floats]:
    from scipy.spatial import cKDTree

    if not len(places):
        return np.zeros(len(x), dtype=np.intp), np.full(len(x), np.inf)
    far, near = cKDTree(places).query(np.column_stack([x, y]))
    return np.asarray(near, dtype=np.intp), np.asarray(far)
