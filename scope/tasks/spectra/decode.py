"""What a network says of a spectrum: confidences of lines, redshifts, class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scope.errors import InputError
from scope.models.spectra.wavelength_grid import BAL_LINES, LINES, REST_ANGSTROM, Grid
from scope.tasks.spectra.truth import Z_LIMIT

Floats = npt.NDArray[np.float64]

MEMBER_CLASSES = ("NOT", "QSO_LZ", "QSO_HZ")
"""What a member says: no quasar; one with z below 2.1; from 2.1 on."""

CONFIDENCE, N_LINES = 0.95, 1
"""A quasar has so many lines above this confidence, in the scripts of ensembles."""


@dataclass(frozen=True)
class Lines:
    """Output of a network for n spectra and l lines.

    Attributes
    ----------
    confidence, z : (l, n) float64
        Of each line; the redshift that the line would have, by the lower ends of bins.
    z_centre : (l, n) float64
        The same by the centres of bins, where the flux of a bin is.
    z_best, z_best_centre : (n,) float64
        Of the most confident of the emission lines.
    bal_confidence, bal_z : (b, n) float64
        Of broad absorption.
    """

    confidence: Floats
    z: Floats
    z_centre: Floats
    z_best: Floats
    z_best_centre: Floats
    bal_confidence: Floats
    bal_z: Floats


def decode(
    output: npt.NDArray[np.floating],
    grid: Grid,
    lines: Sequence[str] = LINES,
    bal_lines: Sequence[str] = BAL_LINES,
) -> Lines:
    """Decode the output of a network.

    Parameters
    ----------
    output : (n, heads, 2 x boxes) array
        Emission lines first, then those of broad absorption.

    Raises
    ------
    InputError
        If the network has another number of heads.
    """
    if output.shape[1] != len(lines) + len(bal_lines):
        raise InputError(
            "network with other lines",
            value=f"{output.shape[1]} heads",
            allowed=f"{len(lines)} lines and {len(bal_lines)} of broad absorption",
        )
    boxes = output.shape[2] // 2
    best = output[:, :, :boxes].argmax(axis=2)
    confidence = output[:, :, :boxes].max(axis=2).T.astype(np.float64)
    offset = np.take_along_axis(output[:, :, boxes:], best[:, :, None], axis=2)[..., 0]
    place = ((best + offset.astype(np.float64)) * grid.n_bins / boxes).T
    rest = np.array([REST_ANGSTROM[name] for name in (*lines, *bal_lines)])[:, None]
    z = grid.wavelength(place) / rest - 1
    centre = grid.wavelength(place, half_bin=True) / rest - 1
    k = len(lines)
    most, rows = confidence[:k].argmax(axis=0), np.arange(len(output))
    return Lines(
        confidence[:k],
        z[:k],
        centre[:k],
        z[most, rows],
        centre[most, rows],
        confidence[k:],
        z[k:],
    )


def member_labels(
    lines: Lines, threshold: float = CONFIDENCE, n_lines: int = N_LINES
) -> npt.NDArray[np.int8]:
    """Return what a member calls each spectrum, as index of `MEMBER_CLASSES`.

    (n,) int8.
    """
    quasar = (lines.confidence > threshold).sum(axis=0) >= n_lines
    return np.where(quasar, np.where(lines.z_best < Z_LIMIT, 1, 2), 0).astype(np.int8)


def member_probabilities(lines: Lines) -> npt.NDArray[np.float32]:
    """Return the probabilities of `MEMBER_CLASSES` by one member, (n, 3) float32.

    That of a quasar is the confidence of its best line, shared between redshifts by which
    lines say so: hard calls would throw away what the member is in doubt about.
    """
    best = lines.confidence.max(axis=0)
    high = np.where(lines.z >= Z_LIMIT, lines.confidence, 0.0).max(axis=0)
    low = np.where(lines.z < Z_LIMIT, lines.confidence, 0.0).max(axis=0)
    share = high / np.maximum(high + low, 1e-12)
    p = np.stack([1 - best, best * (1 - share), best * share], axis=1)
    return p.astype(np.float32)
