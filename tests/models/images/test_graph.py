"""Layers of Keras as ONNX graphs: what is not known here is refused, not passed over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scope.errors import BundleError
from scope.models.images.image_network import ImageNetwork

SHAPE = (9, 9, 2)


@pytest.mark.parametrize(
    ("kind", "usual", "other"),
    [
        ("ReLU", {}, {"max_value": 0.5}),
        ("ReLU", {}, {"negative_slope": 0.3}),
        ("ReLU", {}, {"threshold": 0.5}),
        ("Dropout", {"rate": 0.3}, {"noise_shape": (None, 1, 1, 3)}),
        ("MaxPooling2D", {}, {"padding": "same"}),
    ],
)
def test_an_option_by_which_keras_gives_other_numbers_is_refused(
    tmp_path: Path, kind: str, usual: dict[str, Any], other: dict[str, Any]
) -> None:
    import keras
    from keras import layers

    def saved(**options: Any) -> Path:
        layer = getattr(layers, kind)(**options)
        chain = [keras.Input(SHAPE), layers.Conv2D(3, 3), layer, layers.Flatten(), layers.Dense(1)]
        keras.Sequential(chain).save(tmp_path / "model.h5")
        return tmp_path / "model.h5"

    ImageNetwork.load(saved(**usual))
    with pytest.raises(BundleError, match=next(iter(other))):
        ImageNetwork.load(saved(**usual, **other))
