"""Simulated nights, labels, a network, scores and a page of image stamps."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

LAYERS = (0, 1, 2, 3)
SIZE = 31

Report = Callable[[str], None]


def run_demo(folder: Path, cores: int, n_images: int, epochs: int, report: Report) -> None:
    """Run the steps that the document names, one after the other.

    Parameters
    ----------
    folder : Path
        Where to write.
    cores : int
        CPU cores to use.
    n_images : int
        Images of the training night.
    epochs : int
        Most passes over the rows.
    report : callable
        Gets what is to be said, line by line.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from scope.tasks.stamps import label_data
    from scope.tasks.stamps.simulation.options import NightOptions
    from scope.tasks.stamps.simulation.write import simulate_night

    nights = {}
    for name, seed, n in (("training", 101, n_images), ("unseen", 202, 12)):
        report(f"Simulating the {name} night: {n} images …")
        settings = NightOptions(n_images=n, seed=seed, size=320)
        nights[name] = simulate_night(folder / name, settings, nproc=cores)
    report("Labelling known minor planets and random detections …")
    shutil.rmtree(folder / "sets", ignore_errors=True)
    made = label_data.make(
        n_images,
        out_dir=folder / "sets",
        images=nights["training"],
        stamp_size=SIZE,
        match_rad=1.5,
        nproc=cores,
    )
    report("Training vgg6 …")
    model_dir = _train(made, epochs)
    report_figures(model_dir, report)
    page = draw_page(model_dir, nights["unseen"], folder / "page")
    report(f"\nLabelled set: {made}\nModel: {model_dir}\nPage: {page}")
    report(f"To look at them and label them: scope desk {model_dir} --label")


def _train(made: Path, epochs: int) -> Path:
    import keras

    from scope.tasks.stamps import classifier

    _, meta = classifier.train(
        made,
        layers=LAYERS,
        optimizer=keras.optimizers.Adam(1e-3),
        normalise="asinh",
        epochs=epochs,
        patience=6,
        data_augmentation={"horizontal_flip": True, "vertical_flip": True, "rot90": True},
        tensorboard=False,
    )
    return Path(meta["model_dir"])


def report_figures(model_dir: Path, report: Report) -> None:
    """Judge a model by rows that it has not seen, and report what was found."""
    from scope.tasks.stamps import classifier

    found: dict[str, Any] = classifier.evaluate(model_dir, model_dir)
    best = found["best"]
    report(
        f"On {found['n']} detections of images that the training left out, at the threshold "
        f"{best['threshold']:.2f}: FPR {best['fpr']:.1%}, FNR {best['fnr']:.1%}"
    )
    for name, rates in found["common"]["by_metalabel"].items():
        kind, value = ("FNR", rates["fnr"]) if rates["fnr"] is not None else ("FPR", rates["fpr"])
        report(f"  {name}: {kind} {value:.1%} at the common threshold of 1 % FPR")


def draw_page(model_dir: Path, night: Path, folder: Path) -> Path:
    """Score the detections of an image of a night, and draw their page."""
    from scope.desk.visualise import ClassifierImageVisual
    from scope.tasks.stamps.image_folder import ImageFolder

    source = ImageFolder(night)
    image = source.images(1)[0]
    visual = ClassifierImageVisual(
        model_dir, image.path, exposures=source.exposures(image), out_dir=folder
    )
    return visual.main()
