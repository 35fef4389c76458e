"""Options of how features are scored, for the commands that score them."""

from __future__ import annotations

from scope.cli.arguments import Parser, positive_int

SCALINGS = ("min_max", "median_std", "quantile")
STORED = "stored with the models, and not chosen here"


def add_inference_options(parser: Parser) -> None:
    """Declare what SCoPe's documents say about scoring, beside which models and features."""
    parser.add_flag("--write-csv", help="write the predictions as .csv too")
    parser.add_argument(
        "--batch-size",
        type=positive_int,
        metavar="N",
        help="light curves in memory at a time, by default as configured; no score depends on it",
    )
    parser.add_argument(
        "--scale-features",
        choices=SCALINGS,
        help=f"how features are scaled: {STORED}; a warning says where it is otherwise",
    )
    parser.add_argument(
        "--feature-stats",
        metavar="NAME",
        help=f"what features are scaled with: {STORED}; an error if given",
    )
    parser.add_flag(
        "--flag-ids", help="write a .json file of the features that were filled in, by id"
    )
    parser.add_flag("--no-write-metadata", help="write no meta.json beside the predictions")
    parser.add_flag("--time-run", help="say how long it took")
    parser.add_flag("--verbose", help="say what is going on")
