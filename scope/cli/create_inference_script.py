"""``create-inference-script``: a shell script that scores fields by the models of a group."""

from __future__ import annotations

import argparse

from scope.cli.algorithm_option import add_algorithm
from scope.cli.arguments import Parser, as_options, positive_int
from scope.cli.inference_options import SCALINGS
from scope.cli.run import command_main

DESCRIPTION = (
    "Write a shell script that scores every light curve of a field, or of "
    "specific ids, with all models of a group."
)


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--filename",
        default="get_all_preds_dnn.sh",
        metavar="FILE",
        help="script to write; a new file",
    )
    parser.add_argument(
        "--group-name", metavar="NAME", help="group of models; by default the configured one"
    )
    add_algorithm(parser, "whose models score")
    parser.add_argument(
        "--scale-features",
        choices=SCALINGS,
        help="how features are scaled: stored with the models; a warning says where it differs",
    )
    parser.add_argument(
        "--feature-directory", default="features", metavar="FOLDER", help="folder of features"
    )
    parser.add_argument(
        "--feature-file-prefix", metavar="TEXT", help="how names of files begin there"
    )
    parser.add_argument("--period-suffix", metavar="NAME", help="period search that the models see")
    parser.add_argument(
        "--batch-size", type=positive_int, metavar="N", help="light curves in memory at a time"
    )
    parser.add_flag("--write-csv", help="write the predictions as .csv too")
    parser.add_flag("--use-custom-python", help="use the interpreter of --path-to-python")
    parser.add_argument(
        "--path-to-python",
        default="~/miniforge3/envs/scope-env/bin/python",
        metavar="FILE",
        help="an interpreter with this package",
    )


def run(options: argparse.Namespace) -> None:
    """Write the script, and say where it is."""
    from scope.workflows.create_inference_script import ScriptOptions, create_inference_script

    print(create_inference_script(as_options(ScriptOptions, options)))


main = command_main("create-inference-script")

if __name__ == "__main__":
    raise SystemExit(main())
