"""``scope-upload-disagreements``: sources that networks and trees see differently, to Fritz."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scope.cli.arguments import Parser, non_negative_float, positive_float
from scope.cli.fritz_options import add_fritz_options, open_fritz
from scope.cli.run import run_command, show_progress
from scope.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from scope.config.model import Config
    from scope.fritz.disagreements import DisagreementOptions


def build_parser(prog: str = "scope-upload-disagreements") -> Parser:
    """Return the parser of the command."""
    parser = Parser(
        prog=prog,
        description="Save sources to a group on Fritz whose scores of the two algorithms "
        "disagree and that are in no training set, with their scores as an annotation.",
    )
    parser.add_version()
    parser.add_argument(
        "-file",
        "--file",
        required=True,
        metavar="TABLE",
        help="training set, whose light curves are left out",
    )
    parser.add_argument(
        "-id",
        "--group-ids",
        nargs="+",
        type=int,
        required=True,
        metavar="ID",
        help="groups on Fritz to upload to",
    )
    parser.add_argument("-token", "--token", help=argparse.SUPPRESS)
    parser.add_argument(
        "--scores",
        nargs="+",
        metavar="TABLE",
        help="catalogues with scores of both algorithms, results/catalog/field_297.parquet; by "
        "default the scores that Kowalski holds",
    )
    parser.add_argument(
        "--classifications-catalog",
        default="ZTF_source_classifications_DR16",
        metavar="NAME",
        help="collection of Kowalski with scores",
    )
    parser.add_argument("--classification", default="vnv", metavar="TAG", help="the class")
    parser.add_argument(
        "--high", type=positive_float, default=0.95, metavar="P", help="one score is above it"
    )
    parser.add_argument(
        "--low",
        type=non_negative_float,
        default=0.1,
        metavar="P",
        help="and the other at most this",
    )
    parser.add_argument("--radius-arcsec", type=positive_float, default=2.0, metavar="R")
    parser.add_argument("--instrument-name", default="ZTF", metavar="NAME")
    parser.add_flag("--skip-phot", help="no photometry for sources that are on Fritz already")
    parser.add_argument("--result-dir", default="fritzUpload", metavar="FOLDER")
    parser.add_argument("--result-filetag", default="disagreements", metavar="TAG")
    parser.add_argument("--result-format", choices=("csv", "h5", "parquet"), default="parquet")
    add_fritz_options(parser, writes=True)
    return parser


def upload_disagreements(args: argparse.Namespace) -> None:
    """Run the command."""
    from scope.cli.upload_classification import (
        light_curve_source,
        raise_refused,
        write_results,
    )
    from scope.config.load import load_config
    from scope.fritz import disagreements as library
    from scope.fritz.journal import Journal
    from scope.fritz.results import ResultFiles
    from scope.fritz.upload import Upload, UploadOptions
    from scope.io.user_tables import read_user_table

    if args.token is not None:
        raise UsageError(
            "token on the command line, where others can read it",
            todo="set FRITZ_INSTANCE_TOKEN, or write it into private.yaml",
        )
    show_progress()
    config = load_config(config_path=args.config_path)
    rule = library.DisagreementOptions(args.classification, args.high, args.low)
    known = library.known_ids(read_user_table(args.file), args.file)
    found = _disagreements(args, config, rule)
    table = library.not_in_training(found, known)
    print(f"{len(found)} light curves disagree, {len(table)} of them in no training set")
    options = UploadOptions(
        tuple(args.group_ids),
        skip_phot=args.skip_phot,
        radius_arcsec=args.radius_arcsec,
        instrument_name=args.instrument_name,
    )
    light_curves = light_curve_source(config, options)
    stem = f"{Path(args.file).stem}_{args.result_filetag}"
    files = ResultFiles(Path(args.result_dir), stem, args.result_format)
    path = None if args.dry_run else files.journal
    with (
        open_fritz(config, dry_run=args.dry_run) as fritz,
        Journal(path, fritz.options.address) as journal,
    ):
        try:
            upload = Upload(fritz, journal, options, light_curves)
            names = library.upload_disagreements(upload, table, rule)
        finally:
            if not args.dry_run:
                refused = write_results(journal, files)
    print(f"{len(set(names))} sources in groups {', '.join(map(str, args.group_ids))}")
    if not args.dry_run and refused:
        raise_refused(refused, files)


def _disagreements(
    args: argparse.Namespace, config: Config, rule: DisagreementOptions
) -> pd.DataFrame:
    import pandas as pd

    from scope.fritz import disagreements as library
    from scope.io.user_tables import read_user_table
    from scope.services.kowalski import Kowalski

    if args.scores:
        parts = [
            library.disagreements_of_table(read_user_table(path), rule, path)
            for path in args.scores
        ]
        return pd.concat(parts, ignore_index=True)
    return library.disagreements_of_kowalski(
        Kowalski(config.kowalski_options()),
        args.classifications_catalog,
        config.kowalski.collections.features,
        rule,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``scope-upload-disagreements``."""
    return run_command(build_parser(), upload_disagreements, argv)


if __name__ == "__main__":
    sys.exit(main())
