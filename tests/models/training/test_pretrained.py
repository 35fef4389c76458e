"""Networks that another training goes on from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scope.config.classes import ClassDefinition
from scope.errors import BundleError
from scope.models.networks.two_branch import NetworkOptions, build_network
from scope.models.networks.two_branch_trainer import NetworkTrainer, pretrained_network
from scope.models.training.pretrained import Pretrained
from tests.tasks.variables.published_files import OWN_NAMES, draw_weights, write_h5

EA = ClassDefinition("ea", "EA", "phenomenological", epochs=1)
N = 35


def test_training_starts_from_the_weights_of_the_file(tmp_path: Path) -> None:
    drawn = draw_weights(N)
    network = build_network(N)
    for name, own in OWN_NAMES.items():
        network.get_layer(own).set_weights(list(drawn[name].values()))
    network.save(tmp_path / "own.keras")
    network.save(tmp_path / "keras_3.h5")
    write_h5(tmp_path / "keras_2.h5", drawn, N)
    write_h5(tmp_path / "weights.h5", drawn, N, weights_only=True)
    rng = np.random.default_rng(0)
    inputs = {"features": rng.random((5, N)), "dmdt": rng.random((5, 26, 26, 1))}
    expected = np.asarray(network(inputs))
    assert np.ptp(expected) > 0
    forms = (("own", False), ("own", True), ("keras_3", False), ("keras_2", False))
    for name, weights_only in (*forms, ("keras_2", True), ("weights", True)):
        start = Pretrained.find(tmp_path / name, "dnn", weights_only=weights_only)
        found = pretrained_network(start, N, NetworkOptions())
        np.testing.assert_allclose(np.asarray(found(inputs)), expected, atol=1e-6)
    start = Pretrained(tmp_path / "own.keras")
    trainer = NetworkTrainer(N, EA, options=NetworkOptions(), start=start)
    np.testing.assert_allclose(np.asarray(trainer.network(inputs)), expected, atol=1e-6)


def test_a_network_of_other_inputs_is_refused(tmp_path: Path) -> None:
    build_network(4).save(tmp_path / "a.keras")
    (tmp_path / "b.keras").write_bytes((tmp_path / "a.keras").read_bytes()[:900])
    for options in (NetworkOptions(), NetworkOptions(conv_branch=False)):
        for weights_only in (False, True):
            start = Pretrained(tmp_path / "a.keras", weights_only)
            with pytest.raises(BundleError, match="the same features and branches"):
                pretrained_network(start, 5, options)
    with pytest.raises(BundleError, match=r"b\.keras"):
        pretrained_network(Pretrained(tmp_path / "b.keras"), 4, NetworkOptions())
