"""How stamps are normalised: what a network saw in training, it must see in scoring.

A wrong norm gives wrong scores and no error, so that it is part of a model's card: name,
axes, what NaN becomes and what stands beyond the edges of an image.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.errors import BundleError, ConfigError, InputError
from scope.tasks.stamps.cutouts import PAD

Stamps = npt.NDArray[np.floating]

AXES: Mapping[str, tuple[int, ...]] = {
    # Each layer of a stamp to unit length (gotorb).
    "l2": (1, 2),
    # Each row of pixels of each layer to unit length: what `tf.keras.utils.normalize` did with
    # the two-dimensional arrays of braai (Duev et al. 2019, MNRAS 489, 3582).
    "l2_rows": (2,),
    # The whole stamp, all its layers together.
    "l2_stamp": (1, 2, 3),
    # Each layer in units of its own noise, bright pixels compressed; see `_compressed`.
    "asinh": (1, 2),
    "none": (),
}
"""Name -> axes of a batch (n, rows, columns, layers) that are scaled together."""

MAD_TO_SIGMA = 1.4826
"""Standard deviation over the median absolute deviation, of a normal distribution."""

NAN_RULES = ("zero", "median", "refuse")
BLOCK = 1024
TOLERANCE = 0.05
"""Of middle and noise of given stamps: their median pixel may have been exactly zero."""


@dataclass(frozen=True)
class Normalisation:
    """Normalisation of stamps before a network sees them.

    Attributes
    ----------
    name : str
        A key of `AXES`, or the name of a function of the user's own.
    nan : str
        ``zero``: NaN becomes 0; ``median``: the median of its layer; ``refuse``: an error.
    pad : float
        What stands beyond the edge of an image.
    """

    name: str = "l2"
    nan: str = "zero"
    pad: float = PAD

    def __post_init__(self) -> None:
        if self.nan not in NAN_RULES:
            raise ConfigError("rule for NaN in stamps", value=self.nan, allowed=NAN_RULES)

    @property
    def axes(self) -> tuple[int, ...] | None:
        """Axes that are scaled together; None for a function of the user's own."""
        return AXES.get(self.name)

    def record(self) -> dict[str, Any]:
        """Return it as a model's card has it."""
        return {**asdict(self), "axes": None if self.axes is None else list(self.axes)}

    @classmethod
    def parse(cls, record: Mapping[str, Any]) -> Normalisation:
        """Read it from a card.

        Raises
        ------
        BundleError
            If its name and axes contradict each other.
        """
        try:
            found = cls(str(record["name"]), str(record["nan"]), float(record["pad"]))
            axes = None if record["axes"] is None else tuple(record["axes"])
        except (KeyError, TypeError, ValueError, ConfigError) as error:
            raise BundleError(
                "card of a model without its normalisation", value=str(error)
            ) from None
        if axes != found.axes:
            raise BundleError(
                f"card of a model whose normalisation {found.name!r} has other axes",
                value=axes,
                allowed=str(found.axes),
            )
        return found

    def require(self, asked: str | None) -> None:
        """Refuse another normalisation than this.

        Raises
        ------
        BundleError
        """
        if asked is not None and asked != self.name:
            raise BundleError(
                "normalisation that the model was not trained with",
                value=asked,
                allowed=f"{self.name} (axes {self.axes}), as its card says",
                todo="give stamps as they were cut and leave the normalisation to the model",
            )


def normalised(
    stamps: Stamps, how: Normalisation, function: Callable[[Any], Any] | None = None
) -> npt.NDArray[np.float32]:
    """Return stamps as a network sees them.

    Parameters
    ----------
    stamps : (n, rows, columns, layers) float
        As they were cut, NaN where the image has no value.
    how : Normalisation
    function : callable, optional
        Array of n stamps -> the same shape, for a normalisation of the user's own.

    Returns
    -------
    (n, rows, columns, layers) float32

    Raises
    ------
    InputError
        If a stamp holds NaN and the rule is to refuse, or infinity.
    """
    if stamps.ndim != 4:
        raise InputError(
            "stamps of another shape", value=stamps.shape, allowed="(n, rows, columns, layers)"
        )
    result = np.empty(stamps.shape, dtype=np.float32)
    for start in range(0, len(stamps), BLOCK):
        block = np.asarray(stamps[start : start + BLOCK], dtype=np.float64)
        # Taken before they are filled: what fills a hole is no image.
        known = ~np.isnan(block)
        result[start : start + BLOCK] = _scaled(filled(block, how.nan), known, how, function)
    return result


def _scaled(
    block: npt.NDArray[np.float64],
    known: npt.NDArray[np.bool_],
    how: Normalisation,
    function: Callable[[Any], Any] | None,
) -> npt.NDArray[np.floating]:
    """Scale a block without NaN; `known`, of its shape, says where the image had a value."""
    if how.axes is None:
        if function is None:
            raise ConfigError(
                "normalisation of stamps",
                value=how.name,
                allowed=[*AXES, "a function"],
                todo="give the function that the model was trained with",
            )
        made = np.asarray(function(block))
        if made.shape != block.shape:
            raise InputError(
                "normalisation that changes the shape", value=made.shape, allowed=str(block.shape)
            )
        return made
    if not how.axes:
        return block
    if how.name == "asinh":
        return _compressed(block, known, how.pad)
    length = np.sqrt((block * block).sum(axis=how.axes, keepdims=True))
    # As in Keras, what has no length stays as it is.
    return np.asarray(block / np.where(length == 0, 1.0, length))


def _compressed(
    block: npt.NDArray[np.float64], known: npt.NDArray[np.bool_], pad: float
) -> npt.NDArray[np.float32]:
    """Return arcsinh((pixel - median) / noise) of each layer, 0 where there is no image.

    Divided by its length, a layer with a bright star hides what is faint beside it; here the
    noise is 1 everywhere (Lupton, Gunn & Szalay 1999, AJ 118, 1406). Median and noise (the
    median absolute deviation) are those of the pixels with an image: not NaN, whatever that was
    filled with, nor beyond its edge, nor exactly zero, as regions without a template are.
    """
    n, rows, columns, layers = block.shape
    flat = np.ascontiguousarray(np.moveaxis(block, 3, 1), dtype=np.float32)
    flat = flat.reshape(n * layers, rows * columns)
    known = np.moveaxis(known, 3, 1).reshape(flat.shape)
    known = known & (flat != 0) & (flat != np.float32(pad))
    made = flat - _medians(flat, known)
    deviation = np.abs(made)
    noise = MAD_TO_SIGMA * _medians(deviation, known)
    # Most pixels of a saturated layer are equal: then the others set the scale.
    flatline = np.flatnonzero(noise[:, 0] == 0)
    noise[flatline] = _medians(deviation[flatline], (deviation[flatline] > 0) & known[flatline])
    made /= np.where(noise > 0, noise, np.float32(1))
    np.arcsinh(made, out=made)
    made *= known
    return np.moveaxis(made.reshape(n, layers, rows, columns), 1, 3)


def _medians(
    values: npt.NDArray[np.float32], known: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float32]:
    """Return the median of the known values of each row, (n, 1); 0 where there are none."""
    result = np.zeros((len(values), 1), np.float32)
    whole = known.all(axis=1)
    # Whole rows together: masked ones cost ten times as much.
    if whole.any():
        result[whole, 0] = _row_medians(values if whole.all() else values[whole])
    for row in np.flatnonzero(~whole & known.any(axis=1)):
        result[row, 0] = np.median(values[row, known[row]])
    return result


def _row_medians(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    middle = values.shape[1] // 2
    if values.shape[1] % 2:
        return np.asarray(np.partition(values, middle, axis=1)[:, middle])
    return np.asarray(np.median(values, axis=1))


def filled(block: npt.NDArray[np.float64], rule: str) -> npt.NDArray[np.float64]:
    """Return stamps without NaN.

    `block` and the result: (n, rows, columns, layers) float64.

    Raises
    ------
    InputError
        If there is infinity, or NaN and the rule is ``refuse``.
    """
    if np.isinf(block).any():
        raise InputError(
            "stamp with infinite pixels",
            value=f"row {int(np.flatnonzero(np.isinf(block).any(axis=(1, 2, 3)))[0])}",
            allowed="numbers, or NaN where the image has no value",
        )
    missing = np.isnan(block)
    if not missing.any():
        return block
    rows = np.flatnonzero(missing.any(axis=(1, 2, 3)))
    if rule == "refuse":
        raise InputError(
            "stamps with NaN, which the model's card refuses",
            value=f"{len(rows)} stamps, the first is row {rows[0]}",
        )
    block = block.copy()
    if rule == "zero":
        block[missing] = 0.0
        return block
    for row in rows:
        for layer in range(block.shape[3]):
            pixels = block[row, :, :, layer]
            here = np.isnan(pixels)
            pixels[here] = 0.0 if here.all() else np.nanmedian(pixels)
    return block


def require_normalised(stamps: Stamps, how: Normalisation) -> None:
    """Refuse stamps that were not normalised as a card says.

    `stamps`: (n, rows, columns, layers) float.

    Raises
    ------
    BundleError
        If some length along the card's axes is neither 1 nor 0; of ``asinh``, if the middle
        of a layer is not at 0, or its noise not at arcsinh(1 / 1.4826).
    InputError
        If there are values that are no numbers.
    """
    if not np.isfinite(stamps).all():
        raise InputError("normalised stamps with values that are no numbers", allowed="numbers")
    if not how.axes or not len(stamps):
        return
    part = np.asarray(stamps[:BLOCK], dtype=np.float64)
    if how.name == "asinh":
        _require_compressed(part)
        return
    length = np.sqrt((part * part).sum(axis=how.axes))
    wrong = np.abs(length - 1) > 1e-3
    # A pixel row, or a layer, without any signal stays zero.
    if (wrong & (length > 1e-6)).any():
        raise BundleError(
            "stamps that are not normalised as the model's card says",
            value=f"length {float(length[wrong & (length > 1e-6)][0]):.3g} along axes {how.axes}",
            allowed=f"{how.name}: length 1",
            todo="give stamps as they were cut, or use scope.tasks.stamps.normalise",
        )


def _require_compressed(part: npt.NDArray[np.float64]) -> None:
    """Refuse layers whose image has not the middle and noise that arcsinh gives it."""
    flat = np.moveaxis(part, 3, 1).reshape(-1, part.shape[1] * part.shape[2])
    # Of a layer that lacks much, or is saturated, too little can be said.
    flat = flat[(flat != 0).mean(axis=1) > 0.75].astype(np.float32)
    known = flat != 0
    middle = _medians(flat, known)
    noise = _medians(np.abs(flat - middle), known)
    expected = np.arcsinh(1 / MAD_TO_SIGMA)
    wrong = (np.abs(middle) > TOLERANCE) | (np.abs(noise - expected) > TOLERANCE)
    if wrong.any():
        row = int(np.flatnonzero(wrong[:, 0])[0])
        raise BundleError(
            "stamps that are not normalised as the model's card says",
            value=f"middle {middle[row, 0]:.3g}, noise {noise[row, 0]:.3g} of a layer",
            allowed=f"asinh: middle 0, noise {expected:.3f}",
            todo="give stamps as they were cut, or use scope.tasks.stamps.normalise",
        )


def padded(stamps: list[Stamps], size: int, pad: float) -> npt.NDArray[np.float64]:
    """Return images of a survey as squares of one size, smaller ones padded right and below.

    Parameters
    ----------
    stamps : list of (rows, columns) float
        Layers of one alert.

    Returns
    -------
    (size, size, layers) float64
    """
    result = np.full((size, size, len(stamps)), pad, dtype=np.float64)
    for layer, image in enumerate(stamps):
        rows, columns = image.shape
        if rows > size or columns > size:
            raise InputError(
                "stamp that is larger than the network's",
                value=f"{rows}x{columns}",
                allowed=f"{size}x{size} and smaller",
            )
        result[:rows, :columns, layer] = image
    return result


def cropped(stamps: Stamps, size: int) -> Stamps:
    """Return the middle of stamps whose side has the same parity.

    `stamps`: (n, rows, columns, layers); the result: (n, size, size, layers).

    Raises
    ------
    InputError
        If the stamps are smaller, or their middle is not that of a square of that size.
    """
    have = stamps.shape[1]
    if have == size:
        return stamps
    if have < size or (have - size) % 2:
        raise InputError(
            "stamps of another size than the network's",
            value=have,
            allowed=f"{size}, or more by an even number of pixels",
        )
    edge = (have - size) // 2
    return stamps[:, edge : edge + size, edge : edge + size]
