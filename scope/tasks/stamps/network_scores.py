"""Scores of stamps by networks in whatever form somebody has them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scope.errors import ConfigError, InputError
from scope.models.images.fit import model_bytes
from scope.tasks.stamps.hickle_files import read_hickle
from scope.tasks.stamps.normalise import Normalisation, normalised, require_normalised
from scope.tasks.stamps.stamp_model import StampModel

if TYPE_CHECKING:
    from scope.models.images.image_network import ImageNetwork


Floats = npt.NDArray[np.floating]
Meta = dict[str, Any]


def read_meta(meta: Mapping[str, Any] | str | Path) -> tuple[Meta, Path]:
    """Return what a training left behind, and its folder.

    Parameters
    ----------
    meta : dict or path
        As `train` returns it, ``meta.hkl``, or the folder of the model.
    """
    if isinstance(meta, Mapping):
        return dict(meta), Path(str(meta["model_dir"]))
    path = Path(meta)
    path = path / "meta.hkl" if path.is_dir() else path
    return dict(read_hickle(path)), path.parent


def network_of(model: Any, meta: Mapping[str, Any] | str | Path | None = None) -> ImageNetwork:
    """Return a network that runs without Keras, of a model in whatever form.

    Parameters
    ----------
    model : Keras model, path, StampModel or ImageNetwork
        A path is that of ``model.h5`` or its folder.
    """
    from scope.models.images.image_network import ImageNetwork
    from scope.models.images.keras_sequence import read_sequence

    if isinstance(model, ImageNetwork):
        return model
    if isinstance(model, StampModel):
        return model.network
    if isinstance(model, str | Path):
        path = Path(model)
        return ImageNetwork.load(path / "model.h5" if path.is_dir() else path)
    if not hasattr(model, "get_weights"):
        raise InputError(
            "model in a form that is not known",
            value=type(model).__name__,
            allowed="a Keras model, model.h5, or the folder of a model",
        )
    with tempfile.TemporaryDirectory() as work:
        path = Path(work) / "model.h5"
        path.write_bytes(model_bytes(model))
        return ImageNetwork(read_sequence(path))


def score_rows(
    network: ImageNetwork,
    stamps: Any,
    rows: npt.NDArray[np.integer],
    layers: Sequence[int],
    how: Normalisation,
    function: Callable[[Any], Any] | None = None,
) -> npt.NDArray[np.float32]:
    """Return the scores of rows of a set, with memory for a block only.

    `rows`: (n,) int, row numbers; the result: (n,) float32.
    """
    parts = [np.empty(0, np.float32)]
    for start in range(0, len(rows), 256):
        block = stamps.read(rows[start : start + 256], layers)
        parts.append(network.scores(normalised(block, how, function)))
    return np.concatenate(parts)


def dropout_pred(
    model: Any, stamps: Floats, nsamples: int = 20, batchsize: int = 64, *, seed: int = 0
) -> npt.NDArray[np.float32]:
    """Return scores with dropout on; their mean over axis 1 is the ordinary score.

    Parameters
    ----------
    model : Keras model, path or StampModel
    stamps : (n, rows, columns, layers) float
        Normalised; a model with a card refuses others. One stamp of three axes too.
    nsamples : int
    batchsize : int
        Stamps that are held at a time; the samples do not depend on it.

    Returns
    -------
    (n, nsamples) float32, or (nsamples,) of one stamp
    """
    if batchsize < 1:
        raise ConfigError("batchsize", value=batchsize, allowed="1 or more")
    stamps = np.asarray(stamps)
    single = stamps.ndim == 3
    stamps = stamps[None] if single else stamps
    if isinstance(model, StampModel):
        require_normalised(stamps, model.card.normalisation)
    samples = network_of(model).samples(stamps.astype(np.float32), nsamples, seed=seed)
    return samples[0] if single else samples


def latentvec_pred(model: Any, stamps: Floats) -> npt.NDArray[np.float32]:
    """Return what the flatten layer of a network gives of normalised stamps, (n, k).

    `stamps`: (n, rows, columns, layers) float, or one without the first axis.
    """
    stamps = np.asarray(stamps, dtype=np.float32)
    return network_of(model).latent(stamps[None] if stamps.ndim == 3 else stamps)
