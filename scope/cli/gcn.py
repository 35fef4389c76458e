"""``scope gcn``: follow the events of the General Coordinates Network, as from cron."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser, as_options, non_negative_float, positive_float, positive_int
from scope.cli.run import command_main, say

DESCRIPTION = "Follow the events of the General Coordinates Network."

GONE = {
    "--username": "the SLURM profile knows it",
    "--partition": "partitions are set in profiles/slurm/config.yaml; give --profile slurm",
    "--generated-features-dirname": "features are in results/features",
    "--dnn-preds-directory": "predictions are in results/preds_dnn",
    "--xgb-preds-directory": "predictions are in results/preds_xgb",
    "--save-filename": "sources are in <folder>/<time of the event>/sources.parquet",
    "--combined-preds-dirname": "give --folder, or set gcn.folder",
    "--checkpoint-filename": "what is done is in <folder>/done.json",
}
"""Options of an earlier version -> what is used instead."""


def add_arguments(parser: Parser) -> None:
    """Declare the options; those that are not given come from the section gcn."""
    parser.add_argument(
        "--dateobs", nargs="+", default=[], metavar="TIME", help="follow these events"
    )
    for name, kind, metavar, meaning in (
        ("--daysAgo", positive_float, "DAYS", "events older than this are left alone"),
        ("--days-range", positive_float, "DAYS", "how long after an event sources count"),
        ("--radius-arcsec", positive_float, "R", "around sources, for light curves"),
        ("--p-threshold", non_negative_float, "P", "lowest score that is posted"),
        ("--checkpoint-refresh-days", non_negative_float, "DAYS", "how long sources are left"),
        ("--time-limit-minutes", positive_float, "MIN", "the run ends after this time"),
    ):
        parser.add_argument(name, type=kind, metavar=metavar, help=meaning)
    for name in ("--query-group-ids", "--post-group-ids"):
        meaning = "groups whose sources count" if "query" in name else "groups to post all to"
        parser.add_argument(name, nargs="*", type=positive_int, metavar="ID", help=meaning)
    parser.add_argument("--taxonomy-map", metavar="FILE", help="classes on Fritz, JSON")
    parser.add_argument("--agg-method", choices=("mean", "median", "max"), help="of scores")
    parser.add_flag("--post-probabilities", help="post calibrated probabilities, and no scores")
    parser.add_argument("--folder", metavar="FOLDER", help="for tables, pictures and memory")
    parser.add_flag("--doNotPost", help="make the tables and post nothing")
    parser.add_flag("--dry-run", help="show what would be sent to Fritz, and send nothing")
    parser.add_flag("--ignore-checkpoint", help="take sources that are done for new ones")
    parser.add_argument(
        "--cores",
        type=positive_int,
        metavar="N",
        help="cores of the workflow; by default those of the profile, without one 1",
    )
    parser.add_argument("--profile", metavar="NAME", help="profile of the workflow, such as slurm")
    parser.add_argument(
        "--directory",
        metavar="FOLDER",
        help="folder of the run; by default the working directory",
    )
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")
    for name, todo in GONE.items():
        parser.add_gone(name, todo)


def run(options: argparse.Namespace) -> int:
    """Follow events once, and return the exit status."""
    from scope.gcn.follow_events import EventOptions, follow_events

    return follow_events(as_options(EventOptions, options), say)


main = command_main("gcn_cronjob.py")
