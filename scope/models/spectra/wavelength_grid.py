"""The grids of wavelength that networks see, and the lines that they look for."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt

from scope.errors import ConfigError, InputError

Floats = npt.NDArray[np.float64]

REST_ANGSTROM = {
    "LYA": 1215.67,
    "CIV(1548)": 1548.2049,
    "CIII(1909)": 1908.734,
    "MgII(2796)": 2796.3511,
    "Hbeta": 4862.68,
    "Halpha": 6562.8,
}
"""Name of a line, as QuasarNET has it -> rest wavelength [Angstrom]."""

LINES = tuple(REST_ANGSTROM)
BAL_LINES = ("CIV(1548)",)
BOXES = 13
"""Parts of the grid in one of which the network says a line is."""


@dataclass(frozen=True)
class Grid:
    """Bins of wavelength; `edges` are their lower ends, as QuasarNET has them.

    Attributes
    ----------
    name : str
        ``log`` or ``linear``.
    first, last : float
        [Angstrom]; `last` is not in the last bin.
    step : float
        In log10 of the wavelength, or Angstrom.
    """

    name: str
    first: float
    last: float
    step: float

    @property
    def n_bins(self) -> int:
        """Number of bins."""
        bins = float((self._scaled(self.last) - self._scaled(self.first)) / self.step)
        # QuasarNET leaves a bin out that is not whole; the linear grid of DESI has it.
        return int(bins) if self.name == "log" else ceil(bins)

    @property
    def edges(self) -> Floats:
        """Lower ends of the bins, (n_bins,) [Angstrom]."""
        return self._wavelength(np.arange(self.n_bins))

    def bins(self, wavelength: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return the bin of each wavelength [Angstrom]; below 0 or from n_bins on: outside.

        In the shape (...) of `wavelength`.
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            place = self._scaled(np.asarray(wavelength, float)) - self._scaled(self.first)
            return np.floor(np.nan_to_num(place / self.step, nan=-1.0, neginf=-1.0)).astype(
                np.int64
            )

    def position(self, wavelength: npt.ArrayLike) -> Floats:
        """Return where wavelengths [Angstrom] are among the lower ends, in bins, with fractions.

        float64, in the shape (...) of `wavelength`.
        """
        scaled = self._scaled(np.asarray(wavelength, dtype=np.float64))
        return np.asarray((scaled - self._scaled(self.first)) / self.step, dtype=np.float64)

    def wavelength(self, position: npt.ArrayLike, *, half_bin: bool = False) -> Floats:
        """Return the wavelength [Angstrom] at positions in bins, as QuasarNET interpolates it.

        Between lower ends linearly, and on beyond the last of them. `half_bin` takes a bin's
        flux for its centre, where it is: targets count from lower ends, so what is learnt of
        bins is half a bin (345 km/s on the log grid) short.

        float64, in the shape (...) of `position`.
        """
        place = np.asarray(position, dtype=np.float64)
        if half_bin:
            return self._wavelength(place + 0.5)
        edges = self.edges
        below = np.clip(np.floor(place).astype(np.int64), 0, self.n_bins - 2)
        slope = edges[below + 1] - edges[below]
        return np.asarray(edges[below] + (place - below) * slope, dtype=np.float64)

    def _scaled(self, wavelength: npt.ArrayLike) -> Floats:
        values = np.asarray(wavelength, dtype=np.float64)
        return np.log10(values) if self.name == "log" else values

    def _wavelength(self, position: npt.ArrayLike) -> Floats:
        scaled = self._scaled(self.first) + np.asarray(position, dtype=np.float64) * self.step
        return np.asarray(10**scaled if self.name == "log" else scaled, dtype=np.float64)


LOG_GRID = Grid("log", 3600.0, 10000.0, 1e-3)
LINEAR_GRID = Grid("linear", 3600.0, 9824.0, 13.6)
GRIDS = {grid.name: grid for grid in (LOG_GRID, LINEAR_GRID)}


def find_grid(name: str) -> Grid:
    """Return a grid by name; ConfigError if there is none."""
    if name not in GRIDS:
        raise ConfigError("grid of wavelengths", value=name, allowed=GRIDS)
    return GRIDS[name]


def grid_of(n_bins: int, what: str) -> Grid:
    """Return the grid that has so many bins; InputError if none has."""
    for grid in GRIDS.values():
        if grid.n_bins == n_bins:
            return grid
    raise InputError(
        f"{what} of another grid",
        value=f"{n_bins} bins",
        allowed=", ".join(f"{grid.n_bins} ({grid.name})" for grid in GRIDS.values()),
    )
