"""``train_qnet_ensemble.py``: an ensemble of QuasarNET classifiers, as its document runs it."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

from scope.cli.arguments import Parser, non_negative_int, positive_float, positive_int
from scope.cli.run import run_command, show_progress

log = logging.getLogger(__name__)


def add_arguments(parser: Parser) -> None:
    """Declare the options: those of the document, and further ones."""
    _add_spectra(parser)
    _add_training(parser)
    _add_network(parser)


def _add_spectra(parser: Parser) -> None:
    parser.add_argument(
        "-d", "--data", nargs="+", default=[], metavar="FILE", help="spectra of eBOSS or BOSS"
    )
    parser.add_argument(
        "-t",
        "--truth",
        nargs="+",
        default=[],
        metavar="FILE",
        help="truth table of those, a superset catalogue",
    )
    parser.add_argument(
        "-dd",
        "--desidata",
        nargs="+",
        default=[],
        metavar="FILE",
        help="spectra of DESI, in the form of coadds",
    )
    parser.add_argument(
        "-dt",
        "--desitruth",
        nargs="+",
        default=[],
        metavar="FILE",
        help="truth table of those: TARGETID, VI_Z, VI_QUALITY, VI_CLASS",
    )


def _add_training(parser: Parser) -> None:
    parser.add_argument(
        "-e", "--epochs", type=positive_int, default=8, metavar="N", help="epochs of each member"
    )
    parser.add_argument(
        "--boxes", type=positive_int, default=13, metavar="N", help="boxes of a line"
    )
    parser.add_argument(
        "-o",
        "--out-prefix",
        "--out-dir",
        required=True,
        metavar="FOLDER",
        dest="out_prefix",
        help="folder in which the ensemble's folder is made",
    )
    parser.add_argument("-l", "--lines", nargs="+", metavar="LINE", help="lines to train for")
    parser.add_argument(
        "-b",
        "--lines-bal",
        nargs="+",
        metavar="LINE",
        help="lines of broad absorption to train for",
    )
    parser.add_flag("--amsgrad", help="use the AMSGrad form of Adam")
    parser.add_argument(
        "--seed",
        type=non_negative_int,
        default=91701,
        metavar="N",
        help="where all random numbers begin",
    )
    parser.add_argument(
        "-n",
        "--num-bootstrap",
        type=positive_int,
        default=100,
        metavar="N",
        help="members of the ensemble",
    )
    parser.add_flag("-se", "--single-exp", help="take one exposure of each TARGETID")


def _add_network(parser: Parser) -> None:
    parser.add_argument(
        "--layers", type=positive_int, default=4, metavar="N", help="convolutions, 4 or 6"
    )
    parser.add_argument(
        "--filters", type=positive_int, default=100, metavar="N", help="filters of each convolution"
    )
    parser.add_argument(
        "--batch-size", type=positive_int, default=256, metavar="N", help="spectra of a step"
    )
    parser.add_argument(
        "--learning-rate", type=positive_float, default=2e-4, metavar="X", help="of Adam"
    )
    parser.add_argument(
        "--kind",
        choices=("bootstrap", "seeds"),
        default="bootstrap",
        help="how members differ: objects drawn with replacement, or seeds only",
    )
    parser.add_argument(
        "--grid", choices=("log", "linear"), default="log", help="grid of wavelengths"
    )
    parser.add_argument(
        "--som-cells",
        type=positive_int,
        default=45,
        metavar="N",
        help="cells of the self-organising map along each axis",
    )
    parser.add_argument(
        "--members",
        nargs="+",
        type=non_negative_int,
        metavar="I",
        help="train these members only: for jobs side by side",
    )


def ensemble_folder(out: str, files: Sequence[str], single_exp: bool) -> Path:
    """Return the folder of the ensemble, whose name says what it was trained on."""
    names = " ".join(Path(path).name for path in files)
    for word in ("cumulative", "healpix"):
        if word in names:
            return Path(out) / f"ensemble_{word}"
    return Path(out) / ("ensemble_se" if single_exp else "ensemble")


def run(options: argparse.Namespace) -> None:
    """Train the ensemble, or some members of it."""
    from scope.active.som import MapOptions
    from scope.io.atomic import check_writable
    from scope.tasks.spectra.ensemble import (
        EnsembleOptions,
        gather_examples,
        prepare_ensemble,
        train_ensemble_map,
        train_members,
    )
    from scope.tasks.spectra.training_network import NetworkOptions
    from scope.tasks.spectra.wavelength_grid import BAL_LINES, LINES

    settings = EnsembleOptions(
        members=options.num_bootstrap,
        kind=options.kind,
        seed=options.seed,
        single_exp=options.single_exp,
        grid=options.grid,
        network=NetworkOptions(
            layers=options.layers,
            filters=options.filters,
            boxes=options.boxes,
            lines=tuple(options.lines or LINES),
            bal_lines=tuple(options.lines_bal or BAL_LINES),
            epochs=options.epochs,
            batch=options.batch_size,
            rate=options.learning_rate,
            amsgrad=options.amsgrad,
        ),
    )
    folder = ensemble_folder(
        options.out_prefix, [*options.data, *options.desidata], options.single_exp
    )
    check_writable(folder)
    examples = gather_examples(
        options.data, options.truth, options.desidata, options.desitruth, settings
    )
    print(f"{len(examples)} spectra, {int(examples.quasar.sum())} of quasars")
    prepare_ensemble(folder, examples, settings)
    train_ensemble_map(folder, MapOptions(shape=(-options.som_cells, -options.som_cells)))
    paths = train_members(folder, options.members)
    print(f"{len(paths)} members in {folder}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = Parser(prog="train_qnet_ensemble.py", description="Train an ensemble of QuasarNET.")
    add_arguments(parser)
    show_progress()
    return run_command(parser, run, argv)
