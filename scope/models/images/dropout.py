"""Samples of a network with dropout left on, for less than a pass each.

The chain of layers is cut at each dropout. What lies before the first is computed once; what
lies behind one is computed once for each input that differs: with the small dropout of
Bayesian networks most masks of 16 channels drop nothing. Where most drop something, as in
vgg6, the first convolution behind is computed once all the same: it is linear, so that what
its channels give is summed by the masks. Which inputs differ follows from the masks alone, so
that a row is one call of one graph. The numbers are those of a pass for each sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.models.images.graph import Graph, add_layers, add_mixing, can_mix, session_of
from scope.models.images.keras_sequence import Layer

Floats = npt.NDArray[np.float32]
Masks = npt.NDArray[np.float32]

DROPOUTS = ("Dropout", "SpatialDropout2D")
BLOCK = 32
"""Rows whose masks are drawn together."""

SELDOM_WHOLE = 1e-3
"""If masks drop nothing more seldom than this, two that are equal are not looked for."""


@dataclass(frozen=True)
class Stage:
    """Layers between two dropouts.

    Attributes
    ----------
    layers : tuple of Layer
    dropout : Layer or None
        What goes before; None at the beginning.
    """

    layers: tuple[Layer, ...]
    dropout: Layer | None

    @property
    def rate(self) -> float:
        """Part of the values that the dropout before takes away."""
        assert self.dropout is not None
        return float(self.dropout.config["rate"])


@dataclass(frozen=True)
class Step:
    """Input of a stage for some rows.

    Attributes
    ----------
    parents : (k,) int64
        Which output of the stage before an input is of, counted within its row.
    masks : (k, units) float32
        What it is multiplied by: 0, or 1 / (1 - rate).
    ends : (rows,) int64
        Where the inputs of each row end.
    """

    parents: npt.NDArray[np.int64]
    masks: Masks
    ends: npt.NDArray[np.int64]

    def of(self, row: int) -> tuple[npt.NDArray[np.int64], Masks]:
        """Return parents and masks of a row.

        (k,) int64, where its k samples go on from, and (k, channels) float32.
        """
        part = slice(self.ends[row - 1] if row else 0, self.ends[row])
        return self.parents[part], self.masks[part]


def stages_of(layers: Sequence[Layer]) -> list[Stage]:
    """Return the layers cut at each dropout that drops something."""
    cuts = [
        number
        for number, layer in enumerate(layers)
        if layer.kind in DROPOUTS and float(layer.config["rate"]) > 0
    ]
    edges = [-1, *cuts, len(layers)]
    return [
        Stage(tuple(layers[low + 1 : high]), layers[low] if low >= 0 else None)
        for low, high in pairwise(edges)
    ]


class DropoutSampler:
    """Scores with dropout left on.

    Parameters
    ----------
    layers : sequence of Layer
        Of a network on images; at least one is a dropout.
    input_shape : (rows, columns, layers)
    """

    def __init__(self, layers: Sequence[Layer], input_shape: tuple[int, ...]) -> None:
        self._stages = stages_of(layers)
        self._units: list[int] = []
        self._mixes, self._mixed_size = False, (0, 0)
        shape = (1, *input_shape)
        for before, stage in pairwise(self._stages):
            shape = _output_shape(before.layers, shape, first=before.dropout is None)
            assert stage.dropout is not None
            by_channel = stage.dropout.kind == "SpatialDropout2D"
            self._units.append(shape[1] if by_channel else int(np.prod(shape[1:])))
            if before.dropout is None and by_channel and can_mix(stage.layers):
                self._mixes = (1 - stage.rate) ** shape[1] < 0.5
                self._mixed_size = (shape[2], shape[3])
        self._session = self._whole()

    def samples(self, stamps: Floats, n: int, seed: int) -> Floats:
        """Return scores, (rows, n) float32; see `ImageNetwork.samples`."""
        result = np.empty((len(stamps), n), dtype=np.float32)
        for start in range(0, len(stamps), BLOCK):
            rows = range(start, min(start + BLOCK, len(stamps)))
            steps, origin = self._planned(self.keep(rows, n, seed))
            for place, row in enumerate(rows):
                result[row] = self._run(stamps[row : row + 1], steps, place)[origin[place]]
        return result

    def keep(self, rows: Sequence[int], n: int, seed: int) -> list[npt.NDArray[np.bool_]]:
        """Draw which units are kept, of each dropout (rows, n, units).

        The masks of a row follow from the seed and its number alone.
        """
        ends = np.cumsum([0, *self._units])
        drawn = np.empty((len(rows), n, ends[-1]), dtype=np.float32)
        for place, row in enumerate(rows):
            np.random.default_rng([seed, row]).random(dtype=np.float32, out=drawn[place])
        return [
            drawn[:, :, low:high] >= np.float32(stage.rate)
            for stage, (low, high) in zip(self._stages[1:], pairwise(ends), strict=True)
        ]

    def _planned(
        self, kept: Sequence[npt.NDArray[np.bool_]]
    ) -> tuple[list[Step], npt.NDArray[np.int64]]:
        """Return what each stage is given, and which of its outputs each sample is, (rows, n)."""
        rows, n, _ = kept[0].shape
        origin = np.zeros((rows, n), dtype=np.int64)
        steps = []
        for number, (stage, keep) in enumerate(zip(self._stages[1:], kept, strict=True)):
            every = (number == 0 and self._mixes) or (1 - stage.rate) ** keep.shape[
                2
            ] < SELDOM_WHOLE
            step, origin = (_all_inputs if every else _distinct_inputs)(origin, keep, stage.rate)
            steps.append(step)
        return steps, origin

    def _run(self, stamp: Floats, steps: Sequence[Step], place: int) -> Floats:
        given: dict[str, Any] = {"x": stamp}
        for number, step in enumerate(steps):
            parents, masks = step.of(place)
            given[f"masks {number}"] = masks
            if number or not self._mixes:
                given[f"parents {number}"] = parents
        return np.asarray(self._session.run(None, given)[0])[:, -1]

    def _whole(self) -> Any:
        """Return a session of all stages, of one row."""
        graph = Graph()
        tensor = graph.node("Transpose", ["x"], perm=[0, 3, 1, 2])
        tensor = add_layers(graph, self._stages[0].layers, tensor)
        names, rows = ["x"], []
        for number, stage in enumerate(self._stages[1:]):
            assert stage.dropout is not None
            masks = f"masks {number}"
            names.append(masks)
            if not number and self._mixes:
                tensor = add_mixing(graph, stage.layers, tensor, masks, self._mixed_size)
                continue
            rows.append(f"parents {number}")
            tensor = graph.node("Gather", [tensor, rows[-1]], axis=0)
            tensor = _masked(graph, stage.dropout, tensor, masks)
            tensor = add_layers(graph, stage.layers, tensor)
        return session_of(graph, names, tensor, rows)


def _masked(graph: Graph, dropout: Layer, tensor: str, masks: str) -> str:
    if dropout.kind == "SpatialDropout2D":
        axes = graph.constant(np.array([2, 3]))
        return graph.node("Mul", [tensor, graph.node("Unsqueeze", [masks, axes])])
    # Of a dropout on an image each pixel of each channel is a unit.
    shape = graph.node("Shape", [tensor])
    return graph.node("Mul", [tensor, graph.node("Reshape", [masks, shape])])


def _all_inputs(
    origin: npt.NDArray[np.int64], keep: npt.NDArray[np.bool_], rate: float
) -> tuple[Step, npt.NDArray[np.int64]]:
    """Return an input for each sample."""
    rows, n = origin.shape
    masks = keep.reshape(rows * n, -1) * np.float32(1 / (1 - rate))
    ends = n * np.arange(1, rows + 1)
    return Step(origin.ravel(), masks, ends), np.tile(np.arange(n), (rows, 1))


def _distinct_inputs(
    origin: npt.NDArray[np.int64], keep: npt.NDArray[np.bool_], rate: float
) -> tuple[Step, npt.NDArray[np.int64]]:
    """Return an input for each pair of parent and mask that differs."""
    rows, n = origin.shape
    masks = keep.reshape(rows * n, -1)
    row = np.repeat(np.arange(rows), n)
    # Row and parent go before the bits of the mask, so that what is sorted is sorted by row.
    head = np.stack([row, origin.ravel()], axis=1).astype(">i4").view(np.uint8)
    named = np.concatenate([head, np.packbits(masks, axis=1)], axis=1)
    keys = np.ascontiguousarray(named).view(np.dtype((np.void, named.shape[1]))).ravel()
    _, first, back = np.unique(keys, return_index=True, return_inverse=True)
    ends = np.searchsorted(row[first], np.arange(rows), side="right")
    begins = np.concatenate([[0], ends[:-1]])
    step = Step(origin.ravel()[first], masks[first] * np.float32(1 / (1 - rate)), ends)
    return step, back.reshape(rows, n) - begins[:, None]


def _output_shape(
    layers: Sequence[Layer], shape: tuple[int, ...], *, first: bool
) -> tuple[int, ...]:
    """Return the shape of what some layers give, found by running them on zeros."""
    graph = Graph()
    tensor = graph.node("Transpose", ["x"], perm=[0, 3, 1, 2]) if first else "x"
    session = session_of(graph, ["x"], add_layers(graph, layers, tensor))
    return tuple(session.run(None, {"x": np.zeros(shape, np.float32)})[0].shape)
