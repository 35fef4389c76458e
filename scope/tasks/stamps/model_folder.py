"""The folder of a trained model: what gotorb's document lists, and a bundle at the same time.

model.h5       the network, in Keras' HDF5 format
meta.hkl       how it was trained: row numbers and hashes of the set, not the set itself
bundle.json    hashes, the card; calibration.json, metrics.json, card.md
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.models.algorithm import InputSpec
from scope.models.bundle import CALIBRATION, Output
from scope.models.bundle_writer import write_bundle
from scope.models.calibration.class_calibration import (
    Calibration,
    CalibrationOptions,
    OutOfFold,
    calibrate,
)
from scope.models.images.image_network import ImageNetwork
from scope.models.images.keras_sequence import read_sequence
from scope.tasks.stamps.braai import member
from scope.tasks.stamps.hickle_files import write_hickle
from scope.tasks.stamps.judging import judge
from scope.tasks.stamps.label_runs import new_folder
from scope.tasks.stamps.normalise import Normalisation
from scope.tasks.stamps.prepare import Split
from scope.tasks.stamps.stamp_model import MEMBER, OUTPUT, Card, layer_names

ALGORITHM = "cnn"

CARD = """# A real-bogus model

Trained on {n_train} rows of the labelled set with sha256 {sha256} ({n_real} real), validated on
{n_validation} rows of other images and objects.

- Input: {size}x{size} pixels; layers {layers}; beyond an image's edge {pad:g}; NaN: {nan}.
- Normalisation: {norm}. Any other gives wrong scores and is refused.
- Probabilities: {method} map, fitted on the validation rows, at their share of real
  rows ({prevalence:.2f}).
- Not fit for: images of another telescope, pixel scale or subtraction, without a check on
  labelled detections of it (`classifier.benchmark`).
"""


def write_model(
    data_dir: Path,
    content: bytes,
    images: npt.NDArray[np.float32],
    target: npt.NDArray[np.integer],
    split: Split,
    meta: dict[str, Any],
) -> Path:
    """Write ``model_YYMMDD-HHMMSS`` into the folder of a labelled set, and say so in `meta`.

    Parameters
    ----------
    content : bytes
        Of ``model.h5``.
    images : (n, size, size, layers) float32
        Normalised.
    target : (n,) int
        1, 0 or -1.
    """
    folder = new_folder(data_dir, "model_%y%m%d-%H%M%S")
    meta["model_dir"] = str(folder)
    network = _network(content)
    scores = {
        name: network.scores(np.asarray(images[rows]))
        for name, rows in (("val", split.validation), ("test", split.test))
    }
    calibration = _calibration(
        scores["val"], target[split.validation] == 1, meta, target[split.train]
    )
    card = Card(
        Normalisation(meta["normalise"]["name"], meta["normalise"]["nan"]),
        layer_names(meta["layers"]),
        images.shape[1],
    )
    found = calibration.classes[OUTPUT]
    write_bundle(
        folder,
        task="stamps",
        algorithm=ALGORITHM,
        group=folder.name,
        inputs=[InputSpec("image", (None, *images.shape[1:]))],
        outputs=[Output(OUTPUT, "score")],
        members=[member()],
        models={MEMBER: content},
        metrics={
            name: judge(
                target[rows] == 1,
                scores[name],
                probability=found.probability(scores[name]) if found.has_probability else None,
            )
            for name, rows in (("val", split.validation), ("test", split.test))
            if len(rows)
        },
        card=_card(card, meta, target, split, found),
        files={"meta.hkl": _meta_bytes(meta), CALIBRATION: calibration.content},
        preparation=card.record(),
        facts={
            "training_set": dict(meta["sha256"]),
            "rows": {"train": len(split.train), "val": len(split.validation)},
        },
    )
    return folder


def _network(content: bytes) -> ImageNetwork:
    with tempfile.TemporaryDirectory() as work:
        path = Path(work) / "model.h5"
        path.write_bytes(content)
        return ImageNetwork(read_sequence(path))


def _calibration(
    scores: npt.NDArray[np.floating],
    target: npt.NDArray[np.bool_],
    meta: dict[str, Any],
    trained: npt.NDArray[np.integer],
) -> Calibration:
    """Fit the probabilities by the validation rows, as for light curves."""
    weights = meta["class_weight"] or {"0": 1.0, "1": 1.0}
    real, bogus = np.sum(trained == 1) * weights["1"], np.sum(trained == 0) * weights["0"]
    rows = OutOfFold(scores, target, np.arange(len(scores)), float(real / (real + bogus)))
    options = CalibrationOptions()
    return Calibration(ALGORITHM, options, {OUTPUT: calibrate(rows, ALGORITHM, options)})


def _card(card: Card, meta: dict[str, Any], target: Any, split: Split, found: Any) -> str:
    return CARD.format(
        n_train=len(split.train),
        n_validation=len(split.validation),
        n_real=int(np.sum(target[split.train] == 1)),
        sha256=next(iter(meta["sha256"].values()))[:12],
        size=card.size,
        layers=", ".join(card.layers),
        pad=card.normalisation.pad,
        nan=card.normalisation.nan,
        norm=card.normalisation.name,
        method=found.method,
        prevalence=found.prevalence,
    )


def _meta_bytes(meta: dict[str, Any]) -> bytes:
    with tempfile.TemporaryDirectory() as work:
        path = Path(work) / "meta.hkl"
        write_hickle(meta, path)
        return path.read_bytes()
