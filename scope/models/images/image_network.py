"""Networks on stamps, run by ONNX Runtime: scores, latent vectors, samples with dropout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.errors import BundleError, ConfigError, InputError
from scope.models.images.dropout import DropoutSampler, stages_of
from scope.models.images.graph import layer_session, unknown
from scope.models.images.keras_sequence import Layer, Sequence2D, read_sequence

Floats = npt.NDArray[np.float32]

BATCH = 32
"""Rows per call, always full: every row meets the same kernels."""


class ImageNetwork:
    """A network on stamps, ready to score.

    Parameters
    ----------
    network : Sequence2D

    Raises
    ------
    BundleError
        If it has layers that are not known here.
    """

    def __init__(self, network: Sequence2D) -> None:
        self.input_shape = network.input_shape
        self._layers = network.layers
        self._sampler: DropoutSampler | None = None
        self._sessions: dict[str, Any] = {}
        try:
            self._score(np.zeros((BATCH, *self.input_shape), np.float32))
        except BundleError:
            raise
        except Exception as error:
            # ONNX Runtime has an exception of its own for each kind of fault.
            raise unknown(str(error).splitlines()[0], "layers that fit each other") from error

    @classmethod
    def load(cls, path: str | Path, architecture: str | Path | None = None) -> ImageNetwork:
        """Read a network of a file, see `read_sequence`."""
        return cls(read_sequence(path, architecture))

    @property
    def has_dropout(self) -> bool:
        """Whether samples of it differ."""
        return len(stages_of(self._layers)) > 1

    def scores(self, stamps: Floats) -> Floats:
        """Return the score of normalised stamps, (n,) float32, dropout left out.

        Of a network with two outputs, that of the second: real.

        `stamps`: (n, rows, columns, layers) float32.
        """
        outputs = _batched(self._checked(stamps), self._score)
        return np.asarray(_real(outputs), dtype=np.float32)

    def latent(self, stamps: Floats) -> Floats:
        """Return what the flatten layer gives, (n, k) float32.

        `stamps`: (n, rows, columns, layers) float32.
        """
        kinds = [layer.kind for layer in self._layers]
        if "Flatten" not in kinds:
            raise unknown("network without a flatten layer", ["Flatten"])
        session = self._of("latent", self._layers[: kinds.index("Flatten") + 1], first=True)
        return _batched(self._checked(stamps), _runner(session))

    def samples(self, stamps: Floats, n_samples: int, *, seed: int = 0) -> Floats:
        """Return scores with dropout left on, (n, n_samples) float32.

        The masks of a row follow from the seed and its number: they do not depend on how
        many rows there are.

        `stamps`: (n, rows, columns, layers) float32.
        """
        if isinstance(n_samples, bool) or n_samples < 1:
            raise ConfigError("number of dropout samples", value=n_samples, allowed="1 or more")
        stamps = self._checked(stamps)
        if not self.has_dropout:
            return np.repeat(self.scores(stamps)[:, None], n_samples, axis=1)
        if self._sampler is None:
            self._sampler = DropoutSampler(self._layers, self.input_shape)
        return self._sampler.samples(stamps, n_samples, seed)

    def _score(self, part: Floats) -> Floats:
        session = self._of("score", self._layers, first=True)
        return np.asarray(session.run(None, {"x": part})[0])

    def _of(self, name: str, layers: Sequence[Layer], *, first: bool) -> Any:
        if name not in self._sessions:
            self._sessions[name] = layer_session(layers, first=first)
        return self._sessions[name]

    def _checked(self, stamps: Floats) -> Floats:
        if stamps.shape[1:] != self.input_shape:
            raise InputError(
                "stamps of another shape than the network's",
                value=stamps.shape[1:],
                allowed=str(self.input_shape),
            )
        return np.ascontiguousarray(stamps, dtype=np.float32)


def _runner(session: Any) -> Callable[[Floats], Floats]:
    return lambda rows: np.asarray(session.run(None, {"x": rows})[0])


def _real(outputs: Floats) -> Floats:
    return outputs[:, -1]


def _batched(rows: Floats, function: Callable[[Floats], Floats]) -> Floats:
    """Apply a function to full batches, the last one filled up with zeros."""
    parts = []
    for start in range(0, len(rows), BATCH):
        part = rows[start : start + BATCH]
        n = len(part)
        if n < BATCH:
            part = np.concatenate([part, np.zeros((BATCH - n, *rows.shape[1:]), np.float32)])
        parts.append(function(part)[:n])
    if not parts:
        return function(np.zeros((BATCH, *rows.shape[1:]), np.float32))[:0]
    return np.concatenate(parts)
