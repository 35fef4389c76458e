"""The loop of questions for spectra: which of a tree a person should classify."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.active.loop import chosen_learners
from scope.active.som import MapOptions, train_map
from scope.errors import ConfigError, InputError
from scope.io.atomic import atomic_path
from scope.io.npyfile import read_npy
from scope.models.spectra.wavelength_grid import LINES, REST_ANGSTROM, find_grid
from scope.tasks.spectra.drawing import draw_spectrum
from scope.tasks.spectra.rebin import UNUSABLE, Flag
from scope.tasks.spectra.spectrum_files import read_spectra, tree_files

Floats = npt.NDArray[np.floating]

CLASSES = ("STAR", "GALAXY", "QSO_LZ", "QSO_HZ")
LEARNERS = ("trees", "network")
WITH_DROPOUT = ("network",)
KEYS = (
    *("data", "grid", "learner", "learners", "map_cells"),
    *("trees", "filters", "epochs", "batch", "rate"),
)
COMPONENTS = 30
"""Principal components of spectra that trees look at, beside smoothed flux."""


class SpectraLoop:
    """Questions about spectra of a tree ``tile/exposure/coadd-*.fits``, or of one file.

    Parameters
    ----------
    settings : mapping
        ``data``: the tree, or a file; ``learner``: ``trees`` on bins, cheap, or ``network``;
        ``learners``: several, for the filling ``algorithms``;
        ``map_cells``: cells of the map along each axis, 0 for none; ``trees``, ``filters``,
        ``epochs``, ``batch``, ``rate``: of the learners.
    """

    classes = CLASSES
    unsure: tuple[str, ...] = ()
    with_dropout = WITH_DROPOUT

    def __init__(self, settings: Mapping[str, Any]) -> None:
        if unknown := sorted(set(settings) - set(KEYS)):
            raise ConfigError("key of active.tasks.spectra.options", value=unknown[0], allowed=KEYS)
        if not settings.get("data"):
            raise ConfigError(
                "spectra to ask about",
                value="active.tasks.spectra.options.data",
                todo="name a folder of tile/exposure/coadd-*.fits, or a file",
            )
        self.data = Path(str(settings["data"]))
        self.grid = find_grid(str(settings.get("grid", "log")))
        self.learners = chosen_learners(settings, LEARNERS, "spectra")
        self.options = dict(settings)
        self._x: Any = None

    def prepare(self, folder: Path) -> None:
        """Write spectra once for all members, and where they lie on the map."""
        import pandas as pd

        from scope.io.frames import write_parquet

        files = [self.data] if self.data.is_file() else [item[2] for item in tree_files(self.data)]
        parts = [part for path in files for part in read_spectra(path, self.grid)]
        if not parts:
            raise InputError("no spectra", value=str(self.data))
        x = np.concatenate([part.x for part in parts])
        flags = np.concatenate([part.flags for part in parts])
        dead = np.uint8((Flag.DEAD_B | Flag.DEAD_R | Flag.DEAD_Z).value | UNUSABLE.value)
        missing = (flags & dead) != 0
        frame = pd.DataFrame(
            {
                "object": np.concatenate([part.targetid for part in parts]).astype(str),
                "missing": missing,
                "tileid": np.concatenate([part.tileid for part in parts]),
                "expid": np.concatenate([part.expid for part in parts]),
                "flags": flags,
            }
        )
        if cells := int(self.options.get("map_cells", 0)):
            som = train_map(x[~missing], MapOptions(shape=(-cells, -cells)))
            som.save(folder)
            frame["cell"] = np.where(missing, -1, som.cells(x))
        frame.attrs = {"task": "spectra", "grid": self.grid.name}
        with atomic_path(folder / "x.npy") as path, open(path, "wb") as file:
            np.save(file, x)
        write_parquet(frame, folder / "pool.parquet")

    def _spectra(self, folder: Path) -> Floats:
        if self._x is None:
            self._x = read_npy(folder / "x.npy", mapped=True)
        return self._x

    def features(self, folder: Path) -> Floats:
        """Return spectra in a few principal components.

        (n, COMPONENTS) float64.
        """
        x = np.asarray(self._spectra(folder), dtype=np.float64)
        x = x - x.mean(axis=0)
        _, vectors = np.linalg.eigh(x.T @ x)
        return np.asarray(x @ vectors[:, ::-1][:, :COMPONENTS])

    def member(
        self,
        folder: Path,
        rows: npt.NDArray[np.int64],
        y: npt.NDArray[np.int64],
        seed: int,
        learner: str,
    ) -> Floats:
        """Train a member on rows and return probabilities of all spectra, (n, 4).

        `rows` and `y`, their classes: (l,) int64.
        """
        x = np.asarray(self._spectra(folder))
        if learner == "network":
            return self._network(x, rows, y, seed)[:, 0]
        from scope.active.play_queries import tree_members

        joined = np.concatenate([self.features(folder), x.reshape(len(x), -1)[:, ::4]], axis=1)
        return tree_members(joined, len(CLASSES), int(self.options.get("trees", 30)))(rows, y, seed)

    def passes(
        self,
        folder: Path,
        rows: npt.NDArray[np.int64],
        y: npt.NDArray[np.int64],
        seed: int,
        passes: int,
    ) -> Floats:
        """Train one network and return (n, passes, 4), with dropout left on.

        `rows` and `y`, their classes: (l,) int64.
        """
        return self._network(np.asarray(self._spectra(folder)), rows, y, seed, passes)

    def _network(
        self,
        x: Floats,
        rows: npt.NDArray[np.int64],
        y: npt.NDArray[np.int64],
        seed: int,
        passes: int = 0,
    ) -> Floats:
        """Train the convolutions of QuasarNET with a head of classes: people say no redshift."""
        from scope.active.networks import Steps
        from scope.tasks.spectra.class_network import class_network

        names = ("epochs", "batch", "rate")
        steps = Steps(**{name: self.options[name] for name in names if name in self.options})
        filters = int(self.options.get("filters", 24))
        network = class_network(x.shape[1], len(CLASSES), filters, steps)
        network.train([x], rows, y, seed)
        return network.predict([x], passes)

    def draw(self, folder: Path, row: int, said: Mapping[str, Any]) -> str:
        """Return the spectrum with lines at the redshift of its strongest emission."""
        x = np.asarray(self._spectra(folder)[row], dtype=np.float64)
        quasar = float(said["mean_QSO_LZ"]) + float(said["mean_QSO_HZ"])
        high = float(said["mean_QSO_HZ"]) > float(said["mean_QSO_LZ"])
        z = proposed_redshift(x, self.grid.wavelength(np.arange(len(x)), half_bin=True), high)
        return draw_spectrum(x, self.grid, z if quasar > 0.2 else None)


def proposed_redshift(x: Floats, wavelength: Floats, high: bool) -> float:
    """Return the redshift at which the lines of quasars lie on the most flux above its median.

    A proposal for the eye, not a measurement: `high` looks from z = 2.1 on.

    `x` (normalised flux) and `wavelength` (Angstrom, rising): (bins,) float.
    """
    from scipy.ndimage import gaussian_filter1d, median_filter

    excess = gaussian_filter1d(x - median_filter(x, 81), 3)
    trial = np.linspace(2.1, 5.0, 600) if high else np.linspace(0.05, 2.1, 600)
    rest = np.array([REST_ANGSTROM[name] for name in LINES])
    observed = (1 + trial[:, None]) * rest
    inside = (observed > wavelength[0]) & (observed < wavelength[-1])
    flux = np.interp(observed, wavelength, excess) * inside
    return float(trial[np.argmax(flux.sum(axis=1) / np.sqrt(np.maximum(inside.sum(axis=1), 1)))])


def open_loop(settings: Mapping[str, Any]) -> SpectraLoop:
    """Return the loop of this task."""
    return SpectraLoop(settings)
