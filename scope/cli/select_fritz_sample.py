"""``select-fritz-sample``: sources for people to look at, some for each class."""

from __future__ import annotations

import argparse

from scope.cli.algorithm_option import add_algorithm
from scope.cli.arguments import Parser, as_options, non_negative_float, positive_int
from scope.cli.run import command_main, say, show_progress

DESCRIPTION = "Make sources of the light curves of predictions, and draw examples of each class."

ALL = "all"


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--fields",
        nargs="+",
        default=[ALL],
        metavar="N",
        help="field numbers, names of lists of ids, or all: of preds_<algorithm>",
    )
    parser.add_argument(
        "--group",
        metavar="NAME",
        help="group of models whose classes are drawn; by default all that have scores",
    )
    add_algorithm(parser, "whose predictions")
    _add_drawing(parser)
    _add_files(parser)
    parser.add_flag("--verbose", help="say what is going on")


def _add_drawing(parser: Parser) -> None:
    parser.add_argument(
        "--min-class-examples",
        type=positive_int,
        default=1000,
        metavar="N",
        help="sources of each class, where there are as many",
    )
    parser.add_flag(
        "--select-top-n", help="those of highest score, and not any above the threshold at random"
    )
    parser.add_flag(
        "--include-all-highprob-labels",
        help="with --select-top-n, show all classes of a source that reach the threshold",
    )
    parser.add_argument(
        "--probability-threshold",
        type=non_negative_float,
        default=0.9,
        metavar="P",
        help="examples of a class have at least this score",
    )
    parser.add_flag("--doAllSources", help="all sources, however many")
    parser.add_flag("--exclude-training-sources", help="leave out sources of --training-set")
    parser.add_argument(
        "--training-set",
        metavar="FILE",
        help="table with obj_id, or ra and dec; needed by --exclude-training-sources",
    )
    parser.add_argument(
        "--consolidation-statistic",
        choices=("mean", "median", "max"),
        default="mean",
        help="what becomes of the scores of the light curves of a source",
    )


def _add_files(parser: Parser) -> None:
    parser.add_argument(
        "--al-directory",
        default="AL_datasets",
        metavar="FOLDER",
        help="folder to write to; _<algorithm> is added to its name",
    )
    parser.add_argument(
        "--al-filename", default="active_learning_set", metavar="TEXT", help="name of the files"
    )
    parser.add_flag("--write-csv", help="write .csv files too")
    parser.add_flag("--write-consolidation-results", help="write all sources too")
    parser.add_flag(
        "--read-consolidation-results", help="read what was written so, and no predictions"
    )
    parser.add_argument(
        "--consol-filename",
        default="inference_results",
        metavar="TEXT",
        help="name of the files of all sources",
    )
    parser.add_flag("--doNotSave", help="write nothing, to try it")


def run(options: argparse.Namespace) -> None:
    """Choose, and say how many of each class."""
    from scope.workflows.select_fritz_sample import SelectionOptions, select_fritz_sample

    show_progress(options.verbose)
    select_fritz_sample(as_options(SelectionOptions, options), say)


main = command_main("select-fritz-sample")

if __name__ == "__main__":
    raise SystemExit(main())
