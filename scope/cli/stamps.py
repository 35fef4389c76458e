"""``scope stamps``: real or bogus, from a simulated night to a page."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.checkout import SHIPPED_MODELS
from scope.cli.arguments import Parser, non_negative_int, positive_float, positive_int, seed
from scope.cli.run import say

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


def _simulate(parser: Parser) -> None:
    parser.set_defaults(act=run_simulate)
    parser.add_argument("folder", type=Path, help="folder to write")
    parser.add_argument("--n-images", type=positive_int, default=20, help="difference images")
    parser.add_argument("--seed", type=seed, default=1, help="start of the random numbers")
    parser.add_argument("--size", type=positive_int, default=512, help="side of an image, pixels")
    parser.add_argument("--nproc", type=non_negative_int, default=1, help="processes; 0: one a CPU")


def _label(parser: Parser) -> None:
    parser.set_defaults(act=run_label)
    parser.add_argument("--images", type=Path, default=None, help="folder of images; default: .env")
    parser.add_argument(
        "--n-images", type=positive_int, default=400, help="difference images to use"
    )
    parser.add_argument("--out-dir", type=Path, default=Path(), help="parent of data_<time>")
    parser.add_argument("--mp-prov", default=None, help="skybot, pympc or table")
    parser.add_argument(
        "--stamp-size", type=positive_int, default=55, help="side of a stamp, pixels"
    )
    parser.add_argument("--match-rad", type=positive_float, default=1.0, help="arcsec")
    parser.add_argument(
        "--bogus-every", type=non_negative_int, default=4, help="bogus above the real ones"
    )
    parser.add_argument("--nproc", type=non_negative_int, default=0, help="processes; 0: one a CPU")


def _train(parser: Parser) -> None:
    parser.set_defaults(act=run_train)
    parser.add_argument("data_dir", type=Path, help="a labelled set")
    parser.add_argument("--architecture", default="vgg6", help="vgg6, bayesian_vgg6, …")
    parser.add_argument("--layers", default=None, help="numbers of layers, such as 0,1,2,3")
    parser.add_argument(
        "--epochs", type=positive_int, default=100, help="most passes over the rows"
    )
    parser.add_argument(
        "--patience", type=non_negative_int, default=10, help="passes without a better one"
    )
    parser.add_argument("--learning-rate", type=positive_float, default=3e-5, help="of Adam")
    parser.add_argument("--random-state", type=seed, default=42, help="of split and weights")


def _evaluate(parser: Parser) -> None:
    parser.set_defaults(act=run_evaluate)
    parser.add_argument("model", type=Path, help="folder of a model")
    parser.add_argument("--data-dir", type=Path, default=None, help="another labelled set")


def _score(parser: Parser) -> None:
    parser.set_defaults(act=run_score)
    parser.add_argument("alerts", type=Path, help="file, tar archive or folder of packets")
    parser.add_argument("output", type=Path, help="Parquet to write")
    parser.add_argument("--model", type=Path, default=MODEL, help="folder of a model")


def _page(parser: Parser) -> None:
    parser.set_defaults(act=run_page)
    parser.add_argument("model", type=Path, help="folder of a model")
    parser.add_argument("image", type=Path, help="difference image (FITS)")
    parser.add_argument("--exposures", type=Path, nargs="*", default=[], help="its exposures")
    parser.add_argument("--out-dir", type=Path, default=None, help="folder of index.html")
    parser.add_argument("--label", action="store_true", help="serve it on the desk, to be labelled")
    parser.add_argument("--labeller", default=None, help="who votes")
    parser.add_argument("--port", type=non_negative_int, default=8047, help="of the desk")


def _eyeball(parser: Parser) -> None:
    parser.set_defaults(act=run_eyeball)
    parser.add_argument("model", type=Path, help="folder of a model")
    parser.add_argument(
        "--label-class", type=int, choices=(1, 0, -1), default=None, help="only 1, 0 or -1"
    )
    parser.add_argument("--labeller", default=None, help="who votes")
    parser.add_argument("--port", type=non_negative_int, default=8047, help="of the page")


def _import(parser: Parser) -> None:
    parser.set_defaults(act=run_import)
    parser.add_argument("path", type=Path, help="d6_m7.h5, braai_d6_m9.h5, or weights")
    parser.add_argument("output", type=Path, help="folder of the bundle")
    parser.add_argument("--architecture", type=Path, default=None, help="JSON, for weights alone")
    parser.add_argument("--normalise", default=None, help="of a network that is not known")


def run_simulate(options: argparse.Namespace) -> None:
    """Write a simulated night."""
    from scope.tasks.stamps.simulation.options import NightOptions
    from scope.tasks.stamps.simulation.write import simulate_night

    night = NightOptions(n_images=options.n_images, seed=options.seed, size=options.size)
    print(simulate_night(options.folder, night, nproc=options.nproc))


def run_label(options: argparse.Namespace) -> None:
    """Make a labelled set."""
    from scope.tasks.stamps.label_data import make

    print(
        make(
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
    from scope.workflows.stamps import train_stamps

    print(
        train_stamps(
            options.data_dir,
            architecture=options.architecture,
            layers=options.layers,
            epochs=options.epochs,
            patience=options.patience,
            learning_rate=options.learning_rate,
            random_state=options.random_state,
        )
    )


def run_evaluate(options: argparse.Namespace) -> None:
    """Print the figures of a model."""
    from scope.workflows.stamps import figures_of_stamps

    print(figures_of_stamps(options.model, options.data_dir))


def run_score(options: argparse.Namespace) -> None:
    """Score alerts."""
    from scope.workflows.stamps import score_stamps

    print(
        f"{score_stamps(options.alerts, options.output, options.model)} alerts in {options.output}"
    )


def run_page(options: argparse.Namespace) -> None:
    """Draw a page about an image, or serve it on the desk."""
    from scope.workflows.stamps import draw_stamps

    draw_stamps(
        options.model,
        options.image,
        options.exposures,
        say,
        out_dir=options.out_dir,
        served=options.label,
        labeller=options.labeller,
        port=options.port,
    )


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


def run(options: argparse.Namespace) -> None:
    """Do what was asked for."""
    options.act(options)
