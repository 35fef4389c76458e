"""``scope-download-classification``: classifications of sources from Fritz."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser, as_options, available_cpus, non_negative_int, positive_int
from scope.cli.fritz_options import add_fritz_options, add_groups
from scope.cli.run import command_main, say, show_progress

DESCRIPTION = (
    "Download classifications, periods and votes from Fritz, and maybe join "
    "them with the features of their light curves."
)

PARSE = "parse"

FORMATS = ("parquet", "h5", "csv")


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--file",
        default=PARSE,
        metavar="TABLE",
        help="table with obj_id, or ra and dec; `parse` takes the sources of the groups",
    )
    add_groups(parser, "groups whose sources are downloaded, with --file parse")
    parser.add_argument(
        "--start",
        type=non_negative_int,
        default=0,
        metavar="N",
        help="row to begin with, from 0, or with --file parse the page, from 1",
    )
    parser.add_flag("--merge-features", help="join with the features of their light curves")
    parser.add_argument(
        "--features-catalog",
        metavar="NAME",
        help="collection of features on Kowalski; by default the configured one",
    )
    parser.add_argument(
        "--features-limit",
        type=positive_int,
        default=1000,
        metavar="N",
        help="sources that are asked for at a time; the result does not depend on it",
    )
    parser.add_argument(
        "--taxonomy-map", default="golden_dataset_mapper.json", metavar="FILE", help="JSON"
    )
    parser.add_argument("--output-dir", default="fritzDownload", metavar="FOLDER")
    parser.add_argument(
        "--output-filename",
        default="merged_classifications_features",
        metavar="NAME",
        help="of the joined table; its extension may tell the format",
    )
    parser.add_argument("--output-format", choices=FORMATS, default="parquet")
    parser.add_flag(
        "--get-ztf-filters",
        help="take filters from Kowalski's collection of light curves; an archive has them",
    )
    parser.add_flag("--impute-missing-features", help="fill missing features")
    parser.add_flag("--update-training-set", help="add what was voted for to the training set")
    parser.add_argument("--updated-training-set-prefix", default="updated_AL", metavar="PREFIX")
    parser.add_argument(
        "--min-vote-diff",
        type=non_negative_int,
        default=1,
        metavar="N",
        help="net votes from which on a classification counts; 0 takes all of reviewed sources",
    )
    add_fritz_options(parser, writes=False)
    parser.set_defaults(workers=available_cpus())


def run(options: argparse.Namespace) -> None:
    """Download, and say what there is."""
    from scope.fritz.download_classification import DownloadRequest, download_classification

    show_progress()
    download_classification(as_options(DownloadRequest, options), say)


main = command_main("scope-download-classification")

if __name__ == "__main__":
    raise SystemExit(main())
