"""``ensemble_run.py``, ``ensemble_run_tf.py``: spectra of a tree through an ensemble."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser, positive_int
from scope.cli.run import command_main, say, show_progress

DESCRIPTION = "Run spectra through an ensemble of QuasarNET."


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument(
        "-d",
        "--data",
        required=True,
        metavar="FOLDER",
        help="spectra, as tile/exposure/coadd-*.fits",
    )
    parser.add_argument(
        "-o",
        "--out-dir",
        required=True,
        metavar="FOLDER",
        help="where qnet_ensemble_guadalupe.csv goes",
    )
    parser.add_argument(
        "-i",
        "--ensemble_loc",
        required=True,
        metavar="FOLDER",
        help="folder of the ensemble's weights, the one that training was given, or a bundle's "
        "folder or group",
    )
    parser.add_flag("-v", "--verbose", help="accepted; messages are always printed")
    parser.add_argument(
        "-rt",
        "--random_tiles",
        type=positive_int,
        metavar="N",
        help="run so many tiles, drawn at random",
    )
    parser.add_argument(
        "--som",
        metavar="FOLDER",
        help="folder of weights.npy and loss.npy, where not that of the ensemble",
    )
    parser.set_defaults(backend="onnx")


def run(options: argparse.Namespace) -> None:
    """Score the tree, and say where the tables are."""
    from scope.workflows.ensemble_run import score_spectra

    show_progress()
    score_spectra(
        options.data,
        options.out_dir,
        options.ensemble_loc,
        backend=options.backend,
        som=options.som,
        random_tiles=options.random_tiles,
        report=say,
    )


main = command_main("ensemble_run.py")
