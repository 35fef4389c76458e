"""``make demo-stamps``: simulated nights, labels, a network, scores and a page."""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scope.cli.arguments import Parser
from scope.cli.run import run_command

FOLDER = Path("results/stamps_demo")
LAYERS = (0, 1, 2, 3)
SIZE = 31


def main(argv: Sequence[str] | None = None) -> int:
    """Make it all and print where the page is."""
    parser = Parser(
        prog="make demo-stamps",
        description="Simulate nights, label, train, judge, score and draw image stamps.",
    )
    parser.add_argument("--cores", type=int, default=2, help="CPU cores to use")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to write")
    parser.add_argument("--n-images", type=int, default=60, help="images of the training night")
    parser.add_argument("--epochs", type=int, default=30, help="most passes over the rows")
    return run_command(parser, run_demo, argv)


def run_demo(options: argparse.Namespace) -> None:
    """Run the steps that the document names, one after the other."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from scope.tasks.stamps import label_data
    from scope.tasks.stamps.simulation.options import NightOptions
    from scope.tasks.stamps.simulation.write import simulate_night

    folder = options.folder
    nights = {}
    for name, seed, n in (("training", 101, options.n_images), ("unseen", 202, 12)):
        print(f"Simulating the {name} night: {n} images …", flush=True)
        settings = NightOptions(n_images=n, seed=seed, size=320)
        nights[name] = simulate_night(folder / name, settings, nproc=options.cores)
    print("Labelling known minor planets and random detections …", flush=True)
    shutil.rmtree(folder / "sets", ignore_errors=True)
    made = label_data.make(
        options.n_images,
        out_dir=folder / "sets",
        images=nights["training"],
        stamp_size=SIZE,
        match_rad=1.5,
        nproc=options.cores,
    )
    print("Training vgg6 …", flush=True)
    model_dir = _train(made, options.epochs)
    print_figures(model_dir)
    page = draw_page(model_dir, nights["unseen"], folder / "page")
    print(f"\nLabelled set: {made}\nModel: {model_dir}\nPage: {page}")
    print(f"To look at them and label them: scope desk {model_dir} --label")


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


def print_figures(model_dir: Path) -> None:
    """Judge a model by rows that it has not seen, and print what was found."""
    from scope.tasks.stamps import classifier

    report: dict[str, Any] = classifier.evaluate(model_dir, model_dir)
    best = report["best"]
    print(
        f"On {report['n']} detections of images that the training left out, at the threshold "
        f"{best['threshold']:.2f}: FPR {best['fpr']:.1%}, FNR {best['fnr']:.1%}"
    )
    for name, rates in report["common"]["by_metalabel"].items():
        kind, value = ("FNR", rates["fnr"]) if rates["fnr"] is not None else ("FPR", rates["fpr"])
        print(f"  {name}: {kind} {value:.1%} at the common threshold of 1 % FPR")


def draw_page(model_dir: Path, night: Path, folder: Path) -> Path:
    """Score the detections of an image of a night, and draw their page."""
    from scope.desk.visualise import ClassifierImageVisual
    from scope.tasks.stamps.folder import ImageFolder

    source = ImageFolder(night)
    image = source.images(1)[0]
    visual = ClassifierImageVisual(
        model_dir, image.path, exposures=source.exposures(image), out_dir=folder
    )
    return visual.main()


if __name__ == "__main__":
    raise SystemExit(main())
