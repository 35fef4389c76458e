"""Networks that are a chain of layers, from the HDF5 files of Keras 2 and 3.

The file is read as HDF5: Keras 3 misreads files of Keras 2, and needs TensorFlow. Weights in
a file of their own go with the architecture in a file of JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.errors import BundleError, NotFoundError
from scope.jsontext import parse_json
from scope.models.runtime.keras_files import BROKEN, check_weights, first_line

Arrays = Sequence[npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Layer:
    """One layer.

    Attributes
    ----------
    kind : str
        Keras' name of its class.
    config : dict
    weights : sequence of float32 arrays
        In Keras' order.
    """

    kind: str
    config: Mapping[str, Any]
    weights: Arrays


@dataclass(frozen=True)
class Sequence2D:
    """A chain of layers on stamps.

    Attributes
    ----------
    input_shape : (int, int, int)
        Rows, columns, layers.
    layers : tuple of Layer
        Without inputs.
    """

    input_shape: tuple[int, int, int]
    layers: tuple[Layer, ...]


def read_sequence(path: str | Path, architecture: str | Path | None = None) -> Sequence2D:
    """Read a network.

    Parameters
    ----------
    path : path
        ``.h5``, of a whole model or of weights alone.
    architecture : path, optional
        JSON of the layers, for weights alone.

    Raises
    ------
    NotFoundError
    BundleError
        If it is not whole, or no chain of layers.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            check_weights(file, Path(path).stat().st_size)
            group = file.get("model_weights", file)
            weights = {
                _text(name): [
                    np.asarray(group[_text(name)][_text(item)][()], dtype=np.float32)
                    for item in group[_text(name)].attrs["weight_names"]
                ]
                for name in group.attrs["layer_names"]
            }
            text = file.attrs.get("model_config")
        if architecture is not None:
            text = Path(architecture).read_bytes()
        if text is None:
            raise ValueError("weights without an architecture")
        return _chained(parse_json(_text(text)), weights)
    except FileNotFoundError as error:
        raise NotFoundError("no such network", value=str(error.filename or path)) from error
    except BROKEN as error:
        raise BundleError(
            f"network {path} cannot be read",
            value=first_line(error),
            allowed="a chain of layers on stamps, saved by Keras as .h5; for weights alone with "
            "the .json of its architecture",
            todo="take the file again from where it came from",
        ) from error


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _chained(config: Mapping[str, Any], weights: Mapping[str, Arrays]) -> Sequence2D:
    """Put layers and weights together; a functional model must be a chain as well."""
    inner = config["config"]
    listed = inner["layers"] if isinstance(inner, dict) else inner
    if config["class_name"] not in ("Sequential", "Functional", "Model"):
        raise ValueError(f"model of class {config['class_name']}")
    if config["class_name"] != "Sequential":
        _check_chain(listed)
    shape: Any = inner.get("build_input_shape") if isinstance(inner, dict) else None
    layers = []
    for item in listed:
        kind, settings = item["class_name"], item["config"]
        own = settings.get("batch_input_shape") or settings.get("batch_shape")
        shape = own or shape
        if kind != "InputLayer":
            layers.append(Layer(kind, settings, weights.get(settings["name"], [])))
    if not shape or len(shape) != 4 or not layers:
        raise ValueError(f"input of shape {shape}")
    return Sequence2D((int(shape[1]), int(shape[2]), int(shape[3])), tuple(layers))


def _check_chain(layers: Sequence[Mapping[str, Any]]) -> None:
    """Raise ValueError unless each layer is fed by the one before it, and by it alone."""
    before = None
    for item in layers:
        sources = _sources(item.get("inbound_nodes", []))
        if sources != ([] if before is None else [before]):
            raise ValueError(f"layer {item['config']['name']} that is fed by {sources}")
        before = item["config"]["name"]


def _sources(nodes: Any) -> list[str]:
    found: list[str] = []

    def collect(item: Any) -> None:
        if isinstance(item, dict):
            if item.get("class_name") == "__keras_tensor__":
                found.append(item["config"]["keras_history"][0])
            else:
                collect(list(item.values()))
        elif isinstance(item, list):
            if len(item) >= 3 and isinstance(item[0], str) and isinstance(item[1], int):
                found.append(item[0])
            else:
                for part in item:
                    collect(part)

    collect(nodes)
    return found
