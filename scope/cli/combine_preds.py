"""``combine-preds``: the predictions of both algorithms as one table."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser, as_options, non_negative_float, values_of
from scope.cli.run import command_main, say, show_progress
from scope.plugins import DEFAULT_ALGORITHMS

DESCRIPTION = (
    "Put the predictions of networks and boosted trees side by side, one row per "
    "light curve; or, with --merge-dnn-xgb, make one score per class and source of them."
)

DIRECTORIES = tuple(f"{name}_directory" for name in DEFAULT_ALGORITHMS)


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")
    parser.add_argument(
        "--path-to-preds", default=".", metavar="FOLDER", help="folder of the folders below"
    )
    for name, default, what in (
        ("combined-preds-dirname", "preds_" + "_".join(DEFAULT_ALGORITHMS), "what is written"),
        *(
            (f"{one}-directory", f"preds_{one}", f"predictions by {one}")
            for one in DEFAULT_ALGORITHMS
        ),
    ):
        parser.add_argument(
            f"--{name}", default=default, metavar="FOLDER", help=f"folder of {what}"
        )
    parser.add_argument("--specific-field", metavar="N", help="this field only")
    parser.add_flag("--use-config-fields", help="the fields of the configured targets only")
    parser.add_argument(
        "--dateobs", metavar="TIME", help="the sources of a GCN event, GCN_sources_<dateobs>"
    )
    parser.add_flag("--merge-dnn-xgb", help="one score per class, of tables of select-fritz-sample")
    parser.add_argument(
        "--agg-method", choices=("mean", "max"), default="mean", help="how both scores become one"
    )
    parser.add_argument(
        "--p-threshold",
        type=non_negative_float,
        default=0.7,
        metavar="P",
        help="classes above it are named in …_meta.json",
    )
    parser.add_flag("--doNotSave", help="write nothing, to try it")
    parser.add_flag("--write-csv", help="write .csv files too")


def run(options: argparse.Namespace) -> None:
    """Combine, and say what became of each field."""
    from scope.workflows.combine_preds import CombineOptions, combine_preds

    show_progress()
    combine_preds(as_options(CombineOptions, options), values_of(options, DIRECTORIES), say)


main = command_main("combine-preds")

if __name__ == "__main__":
    raise SystemExit(main())
