"""Array types of the compiled loops."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint32]
State = tuple[Floats, Integers, Floats, Integers, Floats, Integers]
"""State of a reduction, see `scope.periods.kernels.reduce`."""
Reduced = tuple[Integers, Floats, Integers, Floats, float, float]
"""Best points and their values, peaks and their values, mean, standard deviation."""
