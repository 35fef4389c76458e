"""Edges of the dmdt histogram, as data: importing them costs nothing."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from scope.errors import ConfigError

_HALF_DM_EDGES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.25, 1.5, 2.0, 2.5, 3.0, 4.5, 8.0)

DM_EDGES: tuple[float, ...] = (*(-edge for edge in reversed(_HALF_DM_EDGES)), 0.0, *_HALF_DM_EDGES)
"""Edges of the 26 bins of difference in magnitude."""

DT_EDGES: tuple[float, ...] = (
    0.0, 0.02759, 0.04, 0.08, 0.12, 0.3, 0.75, 1.0, 1.5, 2.5, 3.5, 4.5, 5.5, 7.0,
    10.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 240.0, 360.0, 500.0, 650.0, 2000.0,
)  # fmt: skip
"""Edges of the 26 bins of difference in time, in days."""

N_BINS = 26
"""Bins on either axis: the shape that the networks take."""

SIZE = N_BINS * N_BINS
"""Length of the flattened histogram as it stands in the products."""


@dataclass(frozen=True)
class DmdtEdges:
    """Edges of the histogram.

    Attributes
    ----------
    dm : tuple of 27 float
        Rising edges of the difference in magnitude.
    dt : tuple of 27 float
        Rising edges of the difference in time, in days.

    Raises
    ------
    ConfigError
        If there are not 27 of each or they do not rise.
    """

    dm: tuple[float, ...] = field(default=DM_EDGES)
    dt: tuple[float, ...] = field(default=DT_EDGES)

    def __post_init__(self) -> None:
        for name, edges in (("dm", self.dm), ("dt", self.dt)):
            if len(edges) != N_BINS + 1:
                raise ConfigError(
                    f"number of {name} edges of the dmdt histogram",
                    value=len(edges),
                    allowed=str(N_BINS + 1),
                )
            if not all(low < high for low, high in itertools.pairwise(edges)):
                raise ConfigError(
                    f"{name} edges of the dmdt histogram that do not rise",
                    value=list(edges),
                    allowed="each above the one before",
                )
