"""What QuasarNET learns from: labelled spectra, what its heads should say of them, and options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scope.errors import UsageError
from scope.models.spectra.wavelength_grid import BAL_LINES, BOXES, LINES, REST_ANGSTROM, Grid

Floats = npt.NDArray[np.float32]

TRUTH = np.dtype([("quasar", np.bool_), ("z", np.float64), ("bal", np.int8)])
"""What is known of a spectrum, as the target of rows; see `Examples`."""

Truths = npt.NDArray[np.void]
"""(n,) array of `TRUTH`."""


@dataclass(frozen=True)
class NetworkOptions:
    """Options of building and training networks.

    Attributes
    ----------
    layers : int
        Convolutions: 4, whose ends are cut, or 6, whose ends are filled up.
    filters, width : int
        Of each convolution, and of the dense layer.
    boxes : int
    lines, bal_lines : tuple of str
    epochs, batch : int
    rate : float
        Of Adam.
    amsgrad : bool
    """

    layers: int = 4
    filters: int = 100
    width: int = 100
    boxes: int = BOXES
    lines: tuple[str, ...] = LINES
    bal_lines: tuple[str, ...] = BAL_LINES
    epochs: int = 8
    batch: int = 256
    rate: float = 2e-4
    amsgrad: bool = False

    def __post_init__(self) -> None:
        if self.layers not in (4, 6):
            raise UsageError("convolutions of a network", value=self.layers, allowed="4 or 6")
        for name in ("filters", "width", "boxes", "epochs", "batch"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} of a network", value=getattr(self, name), allowed=">= 1")
        for name in (*self.lines, *self.bal_lines):
            if name not in LINES:
                raise UsageError("line of a network", value=name, allowed=LINES)
        if not self.lines:
            raise UsageError("network without lines", allowed=LINES)

    @property
    def padding(self) -> str:
        """Padding of the convolutions."""
        return "same" if self.layers == 6 else "valid"

    @property
    def n_heads(self) -> int:
        """Lines, and lines of broad absorption."""
        return len(self.lines) + len(self.bal_lines)


@dataclass(frozen=True)
class Examples:
    """Labelled spectra.

    Attributes
    ----------
    x : (n, bins) float32
        May be mapped from a file.
    quasar : (n,) bool
    z : (n,) float64
    bal : (n,) int8
        1, -1 or, where nobody knows, 0.
    objects : (n,) int64
        Rows of one object are never taken apart.
    """

    x: Floats
    quasar: npt.NDArray[np.bool_]
    z: npt.NDArray[np.float64]
    bal: npt.NDArray[np.int8]
    objects: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.quasar)


def targets(examples: Examples, options: NetworkOptions, grid: Grid) -> tuple[Floats, Floats]:
    """Return what the heads should say, (n, heads, 2 x boxes), and weights, (n, heads)."""
    bal = examples.quasar & (examples.bal == 1)
    parts = [
        box_targets(examples.z, examples.quasar, grid, options.lines, options.boxes),
        box_targets(examples.z, bal, grid, options.bal_lines, options.boxes),
    ]
    boxes, offsets = (np.concatenate([part[i] for part in parts], axis=1) for i in (0, 1))
    known = np.ones((len(examples), options.n_heads), dtype=np.float32)
    known[:, len(options.lines) :] = (examples.bal != 0)[:, None]
    return np.concatenate([boxes, offsets], axis=2), known


def box_targets(
    z: npt.NDArray[np.float64],
    quasar: npt.NDArray[np.bool_],
    grid: Grid,
    lines: Sequence[str],
    boxes: int,
) -> tuple[Floats, Floats]:
    """Return the targets of lines: which box, and where in it; both (n, lines, boxes) float32.

    QuasarNET cuts the grid into boxes; the one that holds the line is 1, and its offset says
    where in the box the line is, from 0 to 1 (Busca & Balland 2018, section 3).

    All zero where there is no quasar, or the line is outside of the grid.

    `z` and `quasar`: (n,) float64 and bool.
    """
    rest = np.array([REST_ANGSTROM[name] for name in lines])
    place = grid.position((1 + np.nan_to_num(z)[:, None]) * rest) * boxes / grid.n_bins
    box = np.floor(place).astype(np.int64)
    inside = quasar[:, None] & (box >= 0) & (box < boxes)
    hit = (np.arange(boxes) == box[..., None]) & inside[..., None]
    offset = np.where(hit, (place - box)[..., None], 0.0)
    return hit.astype(np.float32), offset.astype(np.float32)
