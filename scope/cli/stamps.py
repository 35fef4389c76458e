"""``scope stamps``: real or bogus, from a simulated night to a page."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from scope.checkout import SHIPPED_MODELS
from scope.cli.arguments import Parser

MODEL = SHIPPED_MODELS / "stamps" / "cnn" / "starter"


def add_arguments(parser: Parser) -> None:
    """Declare ``scope stamps ACTION``."""
    commands = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _simulate(commands.add_parser("simulate-night", help="write a night of images with its truth"))
    _label(commands.add_parser("label", help="make a labelled set from known minor planets"))
    _train(commands.add_parser("train", help="train a network on a labelled set"))
    _evaluate(commands.add_parser("evaluate", help="judge a model by rows it has not seen"))
    _score(commands.add_parser("score-alerts", help="score alert packets (Avro)"))
    _page(commands.add_parser("page", help="draw a page about the detections of an image"))
    _eyeball(commands.add_parser("eyeball", help="look at stamps and label them by keyboard"))
    _import(commands.add_parser("import-braai", help="make a bundle of a published network"))


def run(options: argparse.Namespace) -> None:
    """Do what was asked for."""
    _ACTIONS[options.action](options)


def _simulate(parser: Any) -> None:
    parser.add_argument("folder", type=Path, help="folder to write")
    parser.add_argument("--n-images", type=int, default=20, help="difference images")
    parser.add_argument("--seed", type=int, default=1, help="start of the random numbers")
    parser.add_argument("--size", type=int, default=512, help="side of an image, pixels")
    parser.add_argument("--nproc", type=int, default=1, help="processes; 0: one a CPU")


def _label(parser: Any) -> None:
    parser.add_argument("--images", type=Path, default=None, help="folder of images; default: .env")
    parser.add_argument("--n-images", type=int, default=400, help="difference images to use")
    parser.add_argument("--out-dir", type=Path, default=Path(), help="parent of data_<time>")
    parser.add_argument("--mp-prov", default=None, help="skybot, pympc or table")
    parser.add_argument("--stamp-size", type=int, default=55, help="side of a stamp, pixels")
    parser.add_argument("--match-rad", type=float, default=1.0, help="arcsec")
    parser.add_argument("--bogus-every", type=int, default=4, help="bogus above the real ones")
    parser.add_argument("--nproc", type=int, default=0, help="processes; 0: one a CPU")


def _train(parser: Any) -> None:
    parser.add_argument("data_dir", type=Path, help="a labelled set")
    parser.add_argument("--architecture", default="vgg6", help="vgg6, bayesian_vgg6, …")
    parser.add_argument("--layers", default=None, help="numbers of layers, such as 0,1,2,3")
    parser.add_argument("--epochs", type=int, default=100, help="most passes over the rows")
    parser.add_argument("--patience", type=int, default=10, help="passes without a better one")
    parser.add_argument("--learning-rate", type=float, default=3e-5, help="of Adam")
    parser.add_argument("--random-state", type=int, default=42, help="of split and weights")


def _evaluate(parser: Any) -> None:
    parser.add_argument("model", type=Path, help="folder of a model")
    parser.add_argument("--data-dir", type=Path, default=None, help="another labelled set")


def _score(parser: Any) -> None:
    parser.add_argument("alerts", type=Path, help="file, tar archive or folder of packets")
    parser.add_argument("output", type=Path, help="Parquet to write")
    parser.add_argument("--model", type=Path, default=MODEL, help="folder of a model")


def _page(parser: Any) -> None:
    parser.add_argument("model", type=Path, help="folder of a model")
    parser.add_argument("image", type=Path, help="difference image (FITS)")
    parser.add_argument("--exposures", type=Path, nargs="*", default=[], help="its exposures")
    parser.add_argument("--out-dir", type=Path, default=None, help="folder of index.html")
    parser.add_argument("--label", action="store_true", help="serve it on the desk, to be labelled")
    parser.add_argument("--labeller", default=None, help="who votes")
    parser.add_argument("--port", type=int, default=8047, help="of the desk")


def _eyeball(parser: Any) -> None:
    parser.add_argument("model", type=Path, help="folder of a model")
    parser.add_argument("--label-class", type=int, default=None, help="only 1, 0 or -1")
    parser.add_argument("--labeller", default=None, help="who votes")
    parser.add_argument("--port", type=int, default=8047, help="of the page")


def _import(parser: Any) -> None:
    parser.add_argument("path", type=Path, help="d6_m7.h5, braai_d6_m9.h5, or weights")
    parser.add_argument("output", type=Path, help="folder of the bundle")
    parser.add_argument("--architecture", type=Path, default=None, help="JSON, for weights alone")
    parser.add_argument("--normalise", default=None, help="of a network that is not known")


def run_simulate(options: argparse.Namespace) -> None:
    """Write a simulated night."""
    from scope.tasks.stamps.simulation.options import NightOptions
    from scope.tasks.stamps.simulation.write import simulate_night

    settings = NightOptions(n_images=options.n_images, seed=options.seed, size=options.size)
    print(simulate_night(options.folder, settings, nproc=options.nproc))


def run_label(options: argparse.Namespace) -> None:
    """Make a labelled set."""
    from scope.tasks.stamps import label_data

    print(
        label_data.make(
            options.n_images,
            out_dir=options.out_dir,
            mp_prov=options.mp_prov,
            match_rad=options.match_rad,
            stamp_size=options.stamp_size,
            bogus_every=options.bogus_every,
            nproc=options.nproc,
            images=options.images,
        )
    )


def run_train(options: argparse.Namespace) -> None:
    """Train a network."""
    from scope.models.images.architectures import find_architecture
    from scope.tasks.stamps import classifier

    build = find_architecture(options.architecture)
    layers = None
    if options.layers is not None:
        layers = numbers(options.layers)
    import keras

    _, meta = classifier.train(
        options.data_dir,
        model=build,
        layers=layers,
        optimizer=keras.optimizers.Adam(options.learning_rate),
        epochs=options.epochs,
        patience=options.patience,
        random_state=options.random_state,
    )
    print(meta["model_dir"])


def numbers(text: str) -> list[int]:
    """Return the numbers of ``0,1,2``.

    Raises
    ------
    UsageError
    """
    from scope.errors import UsageError

    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdigit() for part in parts):
        raise UsageError("--layers", value=text, allowed="numbers with commas, such as 0,1,2")
    return [int(part) for part in parts]


def run_evaluate(options: argparse.Namespace) -> None:
    """Print the figures of a model."""
    from scope.tasks.stamps import classifier

    if options.data_dir is None:
        report = classifier.evaluate(options.model, options.model)
    else:
        report = classifier.benchmark(options.model, options.data_dir)
    print(json.dumps({name: report[name] for name in ("best", "common", "at_half")}, indent=1))


def run_score(options: argparse.Namespace) -> None:
    """Score alerts."""
    from scope.io.atomic import check_output
    from scope.tasks.stamps.model import StampModel
    from scope.tasks.stamps.score_alerts import score_alerts

    check_output(options.output)
    n = score_alerts(options.alerts, options.output, StampModel.load(options.model))
    print(f"{n} alerts in {options.output}")


def run_page(options: argparse.Namespace) -> None:
    """Draw a page about an image, or serve it on the desk."""
    from scope.desk.visualise import ClassifierImageVisual

    made = ClassifierImageVisual(
        options.model, options.image, exposures=options.exposures, out_dir=options.out_dir
    )
    if options.label:
        made.show(labeller=options.labeller, port=options.port)
    else:
        print(made.main())


def run_eyeball(options: argparse.Namespace) -> None:
    """Serve the page for labelling."""
    from scope.desk.eyeball import show

    show(options.model, options.label_class, labeller=options.labeller, port=options.port)


def run_import(options: argparse.Namespace) -> None:
    """Import a published network."""
    from scope.tasks.stamps.braai import import_braai

    bundle = import_braai(
        options.path,
        options.output,
        architecture=options.architecture,
        normalise=options.normalise,
    )
    print(bundle.folder)


_ACTIONS = {
    "simulate-night": run_simulate,
    "label": run_label,
    "train": run_train,
    "evaluate": run_evaluate,
    "score-alerts": run_score,
    "page": run_page,
    "eyeball": run_eyeball,
    "import-braai": run_import,
}
