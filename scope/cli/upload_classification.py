"""``scope-upload-classification``: classifications and photometry of sources to Fritz."""

from __future__ import annotations

import argparse

from scope.cli.arguments import (
    Parser,
    as_options,
    non_negative_float,
    non_negative_int,
    positive_float,
)
from scope.cli.fritz_options import add_fritz_options, add_groups
from scope.cli.run import command_main, say, show_progress

DESCRIPTION = (
    "Upload classifications, photometry and notes of the sources of a table to "
    "Fritz. Run it again after an interruption: nothing is posted twice."
)


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--file", required=True, metavar="TABLE", help="CSV, HDF5 or Parquet with ra and dec"
    )
    add_groups(parser, "groups on Fritz to upload to", required=True)
    _add_classes(parser)
    _add_sources(parser)
    _add_notes(parser)
    _add_results(parser)
    _add_check(parser)
    add_fritz_options(parser, writes=True)


def _add_classes(parser: Parser) -> None:
    group = parser.add_argument_group("classifications")
    group.add_argument(
        "--classification",
        nargs="+",
        required=True,
        metavar="COLUMN",
        help="columns with probabilities, or `read` for all columns of the taxonomy map",
    )
    group.add_argument("--taxonomy-map", required=True, metavar="FILE", help="JSON")
    group.add_argument(
        "--classification-origin",
        default="SCoPe",
        metavar="NAME",
        help="where they come from; Fritz gives SCoPe colours of its own",
    )
    group.add_argument(
        "--p-threshold",
        type=non_negative_float,
        default=0.0,
        metavar="P",
        help="lowest probability that is posted; with 0, all above 0",
    )
    parser.add_flag("--no-ml", help="the classifications do not come from a model")
    parser.add_flag("--post-upvote", help="vote for what is posted; not for active learning")
    parser.add_flag(
        "--check-labelled-box", help="mark sources as labelled; not for active learning"
    )
    parser.add_flag(
        "--replace-classifications",
        help="take away what a source had for the groups before, once the new ones are there",
    )


def _add_check(parser: Parser) -> None:
    parser.add_flag(
        "--ignore-field-check",
        help="upload also where the models find classes in shuffled light curves and noise",
    )
    parser.add_flag(
        "--include-strange",
        help="upload also light curves that are unlike anything the models know (ood_p)",
    )


def _add_sources(parser: Parser) -> None:
    group = parser.add_argument_group("sources")
    for name, default, meaning in (
        ("--start", 0, "first row, from 0"),
        ("--stop", None, "last row, included; by default that of the table"),
    ):
        group.add_argument(name, type=non_negative_int, default=default, metavar="N", help=meaning)
    group.add_argument(
        "--radius-arcsec",
        type=positive_float,
        default=2.0,
        metavar="R",
        help="around a row, for its source on Fritz and for its light curves",
    )
    group.add_argument(
        "--instrument-name", default="ZTF", metavar="NAME", help="instrument of the photometry"
    )
    parser.add_flag("--use-existing-obj-id", help="take names of sources from the column obj_id")
    parser.add_flag(
        "--match-ids", help="find sources by their ids in other surveys, in their annotations"
    )
    group.add_argument(
        "--source-prefix",
        default="",
        metavar="TEXT",
        help="of the sources at a row's position only those count whose names begin so, as ZTFJ; "
        "by default all",
    )
    parser.add_flag("--skip-phot", help="no photometry for sources that are on Fritz already")


def _add_notes(parser: Parser) -> None:
    group = parser.add_argument_group("notes")
    group.add_argument("--comment", metavar="TEXT", help="comment to post to each source")
    group.add_argument(
        "--survey-id-origin",
        default="SCoPe_xmatch",
        metavar="NAME",
        help="origin of the annotation with ids",
    )
    group.add_argument(
        "--phot-dirname", default="phot_plots", metavar="FOLDER", help="where pictures are kept"
    )
    parser.add_flag("--post-survey-id", help="annotate sources with their Gaia, AllWISE or PS1 id")
    parser.add_flag("--post-phot-as-comment", help="post a picture of the light curve as a comment")
    parser.add_flag("--post-phasefolded-phot", help="post one folded with the period, too")


def _add_results(parser: Parser) -> None:
    group = parser.add_argument_group("results")
    group.add_argument(
        "--result-dir", default="fritzUpload", metavar="FOLDER", help="where results are written"
    )
    group.add_argument(
        "--result-filetag", default="fritzUpload", metavar="TAG", help="end of their names"
    )
    group.add_argument(
        "--result-format", choices=("csv", "h5", "parquet"), default="parquet", help="of results"
    )
    parser.add_flag("--write-obj-id", help="write a copy of the table with names of sources")


def run(options: argparse.Namespace) -> None:
    """Upload the table, and say what was done."""
    from scope.fritz.upload_classification import UploadRequest, upload_classification
    from scope.fritz.upload_options import UploadOptions

    show_progress()
    upload_classification(
        as_options(UploadRequest, options), as_options(UploadOptions, options), say
    )


main = command_main("scope-upload-classification")

if __name__ == "__main__":
    raise SystemExit(main())
