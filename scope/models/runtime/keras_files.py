"""Files that Keras wrote, looked at before anything is made of them.

A network's settings name classes and functions, and Keras imports what they name: a Lambda layer
holds a program, and a path of a module runs it. Here only layers that are known by name are let
through. Weights are plain arrays: links to other files, and arrays far larger than their file,
are refused.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scope.jsontext import parse_json

if TYPE_CHECKING:
    import h5py

SMALL_BYTES = 256 << 20
MAX_RATIO = 100
"""Bytes that a file may unpack to: `SMALL_BYTES`, or this many times its own size."""

MAX_DEPTH = 64

PARTS = ("config.json", "metadata.json", "model.weights.h5")

BROKEN = (
    *(OSError, EOFError, RuntimeError, NotImplementedError, MemoryError, RecursionError),
    *(LookupError, ValueError, TypeError, AttributeError, ArithmeticError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)
"""What the readers of a file raise that is not whole."""

LAYERS = frozenset(
    {
        *("InputLayer", "Dense", "Dropout", "Concatenate", "Flatten", "Activation", "ReLU"),
        *("SeparableConv2D", "Conv2D", "MaxPooling2D", "AveragePooling2D"),
        *("GlobalAveragePooling2D", "GlobalMaxPooling2D", "BatchNormalization"),
    }
)
_MODELS = frozenset({"Functional", "Model"})
_SETTINGS = frozenset(
    {
        *("__keras_tensor__", "DTypePolicy", "Policy"),
        *("Zeros", "Ones", "Constant", "GlorotUniform", "GlorotNormal", "HeNormal", "HeUniform"),
        *("VarianceScaling", "RandomNormal", "RandomUniform", "TruncatedNormal"),
        *("L1", "L2", "L1L2"),
    }
)
_MODULES = frozenset(
    {
        *(None, "keras", "keras.layers", "keras.initializers", "keras.regularizers"),
        *("keras.models", "keras.src.models.functional", "keras.src.models.model"),
    }
)


def check_keras(content: bytes) -> None:
    """Look at a ``.keras`` file before Keras loads it; raises as `read_parts`."""
    import h5py

    _, weights = read_parts(io.BytesIO(content))
    with h5py.File(weights) as file:
        check_weights(file, weights.getbuffer().nbytes)


def check_h5(content: bytes) -> None:
    """Look at an HDF5 file of a network before Keras loads it; raises as `read_parts`."""
    import h5py

    with h5py.File(io.BytesIO(content)) as file:
        check_weights(file, len(content))
        text = file.attrs["model_config"]
    config = parse_json(text)
    if not isinstance(config, dict) or config.get("class_name") not in _MODELS:
        raise ValueError("no functional network")
    check_settings(config)


def read_parts(path: str | Path | io.BytesIO) -> tuple[dict[str, Any], io.BytesIO]:
    """Return the settings and the file of weights of a ``.keras`` file.

    Raises
    ------
    ValueError
        If it holds anything that is not known here, or unpacks to far more than its size.
    OSError, KeyError, zipfile.BadZipFile
        And others of `BROKEN`, if it is not whole.
    """
    size = path.getbuffer().nbytes if isinstance(path, io.BytesIO) else Path(path).stat().st_size
    with zipfile.ZipFile(path) as archive:
        strange = sorted({item.filename for item in archive.infolist()} - set(PARTS))
        if strange:
            raise ValueError(f"parts {', '.join(strange)[:200]}")
        if sum(item.file_size for item in archive.infolist()) > _most(size):
            raise ValueError("it unpacks to far more than its size")
        config = parse_json(archive.read("config.json"))
        content = io.BytesIO(archive.read("model.weights.h5"))
    check_settings(config)
    return config, content


def _most(size: int) -> int:
    return max(SMALL_BYTES, MAX_RATIO * size)


def check_settings(config: Any) -> None:
    """Look whether settings of a network name layers that are known, and nothing else.

    Raises
    ------
    ValueError
        If they do not; the message names what they ask for.
    """
    waiting = [(config, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise ValueError("nested too deep")
        if isinstance(value, list):
            waiting += [(part, depth + 1) for part in value]
        elif isinstance(value, dict):
            _check_names(value)
            waiting += [(part, depth + 1) for part in value.values()]


def _check_names(value: dict[str, Any]) -> None:
    if "class_name" in value:
        name, module = value["class_name"], value.get("module")
        registered = value.get("registered_name")
        known = isinstance(name, str) and name in LAYERS | _MODELS | _SETTINGS
        if not known or module not in _MODULES or registered not in (None, name):
            raise ValueError(f"something that is not made from a file: {module or ''} {name}")
    elif "module" in value or "registered_name" in value:
        raise ValueError("something without a class")


def check_weights(file: h5py.File, size: int) -> None:
    """Look whether a file of weights is arrays alone, and no more than its size can hold.

    Parameters
    ----------
    file : h5py.File
    size : int
        Bytes of the file.

    Raises
    ------
    ValueError
        If it is not.
    """
    import h5py

    left = _most(size)
    waiting, seen = [(file["/"], 0)], set()
    while waiting:
        group, depth = waiting.pop()
        place = h5py.h5o.get_info(group.id).addr
        if place in seen or depth > MAX_DEPTH:
            raise ValueError("groups within each other")
        seen.add(place)
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise ValueError(f"link {name}")
            node = group[name]
            if isinstance(node, h5py.Group):
                waiting.append((node, depth + 1))
                continue
            if not isinstance(node, h5py.Dataset) or node.is_virtual or node.external:
                raise ValueError(f"{name} in another file")
            left -= node.size * node.dtype.itemsize
            if left < 0:
                raise ValueError("it unpacks to far more than its size")


def first_line(error: BaseException) -> str:
    """Return what an exception says, in a line."""
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
