"""Networks run without Keras against Keras itself."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from scope.errors import BackendError, BundleError
from scope.models.networks.onnx_network import BATCH, OnnxNetwork
from scope.models.networks.onnx_translation import onnx_model
from scope.models.networks.two_branch import NetworkOptions, build_network, network_bytes

N_FEATURES = 7
OPTIONS = {
    "both": NetworkOptions(),
    "dense": NetworkOptions(conv_branch=False),
    "conv": NetworkOptions(dense_branch=False),
}


def rows(n: int, n_features: int = N_FEATURES) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n)
    features = (3 * rng.normal(size=(n, n_features))).astype(np.float32)
    return features, (rng.random((n, 676)) * 10 * rng.random((n, 1))).astype(np.float32)


def random_weights(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Weights, not zero in the biases either, that neither vanish nor saturate."""
    if len(shape) == 1:
        return rng.normal(size=shape) / 10
    fan_in = shape[0] if len(shape) == 2 else 9 if shape[:2] == (3, 3) else shape[2]
    return rng.normal(size=shape) * np.sqrt(2 / fan_in)


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, object]]:
    """Networks with random weights and biases, as files and as Keras models."""
    folder = tmp_path_factory.mktemp("networks")
    rng = np.random.default_rng(5)
    made: dict[str, tuple[Path, object]] = {}
    for name, options in OPTIONS.items():
        network = build_network(N_FEATURES, options)
        network.set_weights([random_weights(rng, w.shape) for w in network.get_weights()])
        path = folder / f"{name}.keras"
        path.write_bytes(network_bytes(network))
        made[name] = (path, network)
    return made


@pytest.mark.parametrize("name", list(OPTIONS))
def test_scores_equal_those_of_keras(networks: dict, name: str) -> None:
    path, network = networks[name]
    features, dmdt = rows(2 * BATCH + 5)
    inputs = {"features": features, "dmdt": dmdt.reshape(-1, 26, 26, 1)}
    inputs = {key: inputs[key] for key in [item.name for item in network.inputs]}
    expected = network.predict(inputs, verbose=0)[:, 0]
    scores = OnnxNetwork(path).predict(features, dmdt)
    assert np.ptp(expected) > 0.2
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-6)


def test_keras_reads_its_own_file_again(networks: dict) -> None:
    import keras

    path, network = networks["both"]
    again = keras.models.load_model(path)
    for old, new in zip(network.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_row_has_the_same_score_in_any_batch(networks: dict) -> None:
    network = OnnxNetwork(networks["both"][0])
    features, dmdt = rows(3 * BATCH + 1)
    together = network.predict(features, dmdt)
    alone = [network.predict(features[i : i + 1], dmdt[i : i + 1]) for i in range(len(features))]
    order = np.random.default_rng(0).permutation(len(features))
    assert np.concatenate(alone).tobytes() == together.tobytes()
    assert network.predict(features[order], dmdt[order]).tobytes() == together[order].tobytes()


def test_no_rows_have_no_scores(networks: dict) -> None:
    features, dmdt = rows(1)
    assert OnnxNetwork(networks["both"][0]).predict(features[:0], dmdt[:0]).shape == (0,)


def test_the_graph_depends_on_the_file_alone(networks: dict) -> None:
    path, _ = networks["both"]
    assert onnx_model(path) == onnx_model(path)


def test_another_number_of_features_is_refused(networks: dict) -> None:
    features, dmdt = rows(3, N_FEATURES + 1)
    with pytest.raises(BundleError, match="another number of features"):
        OnnxNetwork(networks["both"][0]).predict(features, dmdt)


def test_a_truncated_network_is_refused_by_name(networks: dict, tmp_path: Path) -> None:
    path = tmp_path / "short.keras"
    path.write_bytes(networks["both"][0].read_bytes()[:20000])
    with pytest.raises(BundleError, match=r"short\.keras cannot be read"):
        OnnxNetwork(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"class_name": "MaxPooling2D"', '"class_name": "AveragePooling2D"', "AveragePooling2D"),
        ('"activation": "relu"', '"activation": "gelu"', "activation gelu"),
        ('"strides": [1, 1]', '"strides": [2, 2]', "strides"),
        ('"padding": "valid"', '"padding": "same"', "same"),
    ],
)
def test_what_is_not_known_is_refused_and_not_guessed(
    networks: dict, tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "other.keras"
    with zipfile.ZipFile(networks["both"][0]) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "config.json":
                text = json.dumps(json.loads(content))
                assert old in text
                content = text.replace(old, new).encode()
            target.writestr(name, content)
    with pytest.raises(BundleError, match=message):
        OnnxNetwork(path)


def test_cuda_that_onnx_runtime_lacks_is_an_error(
    networks: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(BackendError, match=r"'cuda'; allowed: cpu"):
        OnnxNetwork(networks["both"][0], device="cuda")


def test_scoring_imports_neither_tensorflow_nor_keras(networks: dict) -> None:
    code = f"""
import sys
import numpy as np
from scope.models.networks.onnx_network import OnnxNetwork
ones = np.ones((2, {N_FEATURES}), dtype=np.float32), np.ones((2, 676), dtype=np.float32)
OnnxNetwork({str(networks["both"][0])!r}).predict(*ones)
assert not {{"tensorflow", "keras"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
