"""Search strategies of a sweep: grids, random draws, and Bayesian optimisation."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.config.tracking import SweepParameter
from scope.errors import ConfigError

N_FIRST = 4
"""Random draws before a model of the results says where to look."""
N_CANDIDATES = 512

Floats = npt.NDArray[np.float64]


class Search:
    """Proposes settings, given how the former ones did.

    Parameters
    ----------
    parameters : mapping of name to SweepParameter
    method : {"bayes", "random", "grid"}
        ``bayes`` takes the largest expected improvement under a Gaussian process (Matern
        5/2) of the results (Jones et al. 1998, J. Glob. Optim. 13, 455), after some random
        draws.
    seed : int

    Raises
    ------
    ConfigError
        If a grid is asked for of a range.
    """

    def __init__(
        self, parameters: Mapping[str, SweepParameter], method: str, seed: int = 42
    ) -> None:
        self.parameters = dict(parameters)
        self.method = method
        self._random = np.random.default_rng(seed)
        self._free = [name for name, item in self.parameters.items() if item.value is None]
        self._grid: Iterator[tuple[Any, ...]] | None = None
        if method == "grid":
            self._grid = itertools.product(*(self._values(name) for name in self._free))

    def propose(self, tried: Sequence[Mapping[str, Any]], losses: Sequence[float]) -> Any:
        """Return the next settings, name to value; None if a grid has no further ones.

        Parameters
        ----------
        tried : sequence of mapping
            Former proposals.
        losses : sequence of float
            What they gave; lower is better, NaN is none.
        """
        if self._grid is not None:
            values = next(self._grid, None)
            return (
                None
                if values is None
                else self._settings(dict(zip(self._free, values, strict=True)))
            )
        known = np.isfinite(np.asarray(losses, dtype=np.float64))
        points = self._random.random((N_CANDIDATES, len(self._free)))
        if self.method == "random" or known.sum() < N_FIRST or not self._free:
            return self._at(points[0])
        return self._at(self._best(points, tried, np.asarray(losses, dtype=np.float64), known))

    def _best(
        self,
        points: Floats,
        tried: Sequence[Mapping[str, Any]],
        losses: Floats,
        known: npt.NDArray[np.bool_],
    ) -> Floats:
        """Return the point of the largest expected improvement."""
        from scipy.stats import norm
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import Matern, WhiteKernel

        seen = np.array([self._place(item) for item in tried])[known]
        spread = losses[known].std() or 1.0
        values = (losses[known] - losses[known].mean()) / spread
        # What is drawn stands for the value that it becomes: a step of a list is one place.
        candidates = np.array([self._place(self._at(point)) for point in points])
        kernel = Matern(nu=2.5, length_scale=np.full(seen.shape[1], 0.5)) + WhiteKernel(1e-3)
        model = GaussianProcessRegressor(kernel, random_state=0)
        with warnings.catch_warnings():
            # Few results do not fix all length scales; any of them will do.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(seen, values)
        mean, deviation = model.predict(candidates, return_std=True)
        deviation = np.maximum(deviation, 1e-9)
        gain = (values.min() - mean) / deviation
        improvement = deviation * (gain * norm.cdf(gain) + norm.pdf(gain))
        return np.asarray(points[int(np.argmax(improvement))])

    def _at(self, point: Floats) -> dict[str, Any]:
        """Return the settings at a point of the unit cube."""
        free = {}
        for name, part in zip(self._free, point, strict=True):
            item = self.parameters[name]
            if item.values is not None:
                free[name] = item.values[min(int(part * len(item.values)), len(item.values) - 1)]
            else:
                low, high = _ends(item)
                value = low + part * (high - low)
                free[name] = math.exp(value) if item.distribution != "uniform" else float(value)
        return self._settings(free)

    def _place(self, settings: Mapping[str, Any]) -> list[float]:
        """Return where settings lie in the unit cube."""
        place = []
        for name in self._free:
            item, value = self.parameters[name], settings[name]
            if item.values is not None:
                place.append((item.values.index(value) + 0.5) / len(item.values))
            else:
                low, high = _ends(item)
                at = value if item.distribution == "uniform" else math.log(value)
                place.append((at - low) / (high - low))
        return place

    def _settings(self, free: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: free[name] if item.value is None else item.value
            for name, item in self.parameters.items()
        }

    def _values(self, name: str) -> tuple[Any, ...]:
        values = self.parameters[name].values
        if values is None:
            raise ConfigError(
                "grid over a range",
                value=name,
                allowed="values",
                todo="list values under wandb.sweep_config_dnn.parameters, or use random or bayes",
            )
        return tuple(values)


def _ends(item: SweepParameter) -> tuple[float, float]:
    """Return the ends of a range, in its logarithm where it is drawn by that."""
    assert item.min is not None
    assert item.max is not None
    if item.distribution == "uniform":
        return item.min, item.max
    return math.log(item.min), math.log(item.max)
