"""A network that holds a program, or is damaged, is refused in one line; nothing is run."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from scope.errors import BundleError
from scope.models.networks.keras_h5 import keras_bytes_of_h5
from scope.models.networks.onnx_network import OnnxNetwork
from scope.models.runtime.keras_files import check_settings, check_weights, read_parts
from tests.tasks.variables.published_files import draw_weights, write_h5

STARTER = Path(__file__).parents[3] / "models" / "dnn" / "starter" / "vnv.keras"


def parts_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_parts(path: Path, parts: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


PROGRAMS = {
    "a Lambda": {"class_name": "Lambda", "config": {"function": "program"}},
    "a marshalled function": {"class_name": "__lambda__", "config": {"value": "4wEAAAA="}},
    "a function": {"class_name": "function", "config": "system", "module": "os"},
    "a class of elsewhere": {"class_name": "Dense", "module": "os.path", "config": {}},
    "a registered name": {"class_name": "Dense", "registered_name": "other>Dense", "config": {}},
    "a class without a name": {"class_name": None, "config": {}},
    "a module alone": {"module": "subprocess", "config": {}},
    "a layer that fetches": {"class_name": "TextVectorization", "config": {}},
    "a model of a hub": {"class_name": "TorchModuleWrapper", "config": {}},
}


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("place", ["layer", "activation", "compile"])
def test_settings_that_name_anything_else_are_refused(
    tmp_path: Path, name: str, place: str
) -> None:
    parts = parts_of(STARTER)
    config = json.loads(parts["config.json"])
    check_settings(config)
    if place == "layer":
        config["config"]["layers"].append(PROGRAMS[name])
    elif place == "activation":
        config["config"]["layers"][2]["config"]["activation"] = PROGRAMS[name]
    else:
        config["compile_config"] = {"loss": [PROGRAMS[name]]}
    path = write_parts(tmp_path / "m.keras", {**parts, "config.json": json.dumps(config).encode()})
    with pytest.raises(BundleError, match=r"m\.keras cannot be read"):
        OnnxNetwork(path)


def test_an_old_network_with_a_program_is_refused(tmp_path: Path) -> None:
    program = {"class_name": "__lambda__", "config": {"value": "4wEAAAA="}}
    path = write_h5(tmp_path / "low.h5", draw_weights(4), 4, dense_fc_1={"activation": program})
    with pytest.raises(BundleError, match=r"not made from a file.*__lambda__"):
        keras_bytes_of_h5(path, 4)


@pytest.mark.parametrize("name", ["../outside", "assets/vocabulary.txt", "/etc/passwd"])
def test_no_other_part_is_unpacked(tmp_path: Path, name: str) -> None:
    path = write_parts(tmp_path / "m.keras", {**parts_of(STARTER), name: b"text"})
    with pytest.raises(ValueError, match="parts"):
        read_parts(path)


def test_a_part_that_unpacks_to_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b" " * (300 << 20))
    with pytest.raises(BundleError, match="far more than its size"):
        OnnxNetwork(path)


def test_settings_nested_too_deep_are_refused(tmp_path: Path) -> None:
    parts = {**parts_of(STARTER), "config.json": b'{"config":' + b"[" * 100_000}
    with pytest.raises(BundleError, match="cannot be read"):
        OnnxNetwork(write_parts(tmp_path / "m.keras", parts))


def test_weights_are_arrays_of_the_file_itself(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret" * 8)

    def file_with(change: Any) -> h5py.File:
        file = h5py.File(io.BytesIO(), "w")
        file.create_group("layers")
        change(file)
        return file

    outside = [(str(tmp_path / "secret"), 0, 48)]
    changes: list[Any] = [
        lambda f: f.__setitem__("layers/a", h5py.ExternalLink("other.h5", "/x")),
        lambda f: f.__setitem__("layers/a", h5py.SoftLink("/x")),
        lambda f: f.__setitem__("layers/a", f["layers"]),
        lambda f: f.create_dataset("layers/a", (6,), "f8", external=outside),
        lambda f: f.create_dataset("layers/a", (10**11,), "f4", chunks=(1024,)),
    ]
    check_weights(file_with(lambda f: f.create_dataset("layers/a", data=np.zeros(3))), 10_000)
    for change in changes:
        with pytest.raises(ValueError):
            check_weights(file_with(change), 10_000)


def refusal(path: Path) -> str | None:
    """Return why a network is not used; None if it is."""
    try:
        OnnxNetwork(path)
    except BundleError as error:
        return str(error)
    return None


def test_damaged_networks_are_refused_or_read(tmp_path: Path) -> None:
    content = STARTER.read_bytes()
    parts = parts_of(STARTER)
    rng = np.random.default_rng(0)
    refused = 0
    for seed in range(60):
        damaged = bytearray(content if seed % 3 else parts["model.weights.h5"])
        if seed % 2:
            damaged = damaged[: rng.integers(len(damaged))]
        else:
            for place in rng.integers(0, 4000, 5):
                damaged[place] = rng.integers(256)
        path = tmp_path / "m.keras"
        if seed % 3:
            path.write_bytes(damaged)
        else:
            write_parts(path, {**parts, "model.weights.h5": bytes(damaged)})
        try:
            OnnxNetwork(path)
        except BundleError as error:
            refused += 1
            lines = str(error).count("\n")
            assert lines == 0
    assert refused > 20
