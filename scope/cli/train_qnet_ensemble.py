"""``train_qnet_ensemble.py``: an ensemble of QuasarNET classifiers, as its document runs it."""

from __future__ import annotations

import argparse

from scope.cli.arguments import (
    Parser,
    as_options,
    non_negative_int,
    positive_float,
    positive_int,
    seed,
)
from scope.cli.run import command_main, say, show_progress

DESCRIPTION = "Train an ensemble of QuasarNET."


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
        type=seed,
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


def run(options: argparse.Namespace) -> None:
    """Train the ensemble, or some members of it."""
    from scope.workflows.train_qnet_ensemble import QnetOptions, train_qnet_ensemble

    show_progress()
    train_qnet_ensemble(as_options(QnetOptions, options), say)


main = command_main("train_qnet_ensemble.py")
