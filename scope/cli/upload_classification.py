"""``scope-upload-classification``: classifications and photometry of sources to Fritz."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from scope.cli.arguments import (
    Parser,
    non_negative_float,
    non_negative_int,
    positive_float,
)
from scope.cli.fritz_options import add_fritz_options, add_groups, open_fritz
from scope.cli.run import run_command, show_progress
from scope.errors import ServiceError, UsageError

if TYPE_CHECKING:
    import pandas as pd

    from scope.config.model import Config
    from scope.fritz.journal import Journal
    from scope.fritz.photometry import LightCurveSource
    from scope.fritz.results import ResultFiles
    from scope.fritz.upload import UploadOptions
    from scope.fritz.upload_rows import UploadRow


def build_parser(prog: str = "scope-upload-classification") -> Parser:
    """Return the parser of the command."""
    parser = Parser(
        prog=prog,
        description="Upload classifications, photometry and notes of the sources of a table to "
        "Fritz. Run it again after an interruption: nothing is posted twice.",
    )
    parser.add_version()
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
    return parser


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
    flag = parser.add_flag
    flag("--no-ml", help="the classifications do not come from a model")
    flag("--post-upvote", help="vote for what is posted; not for active learning")
    flag("--check-labelled-box", help="mark sources as labelled; not for active learning")
    flag(
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
    flag = parser.add_flag
    flag("--use-existing-obj-id", help="take names of sources from the column obj_id")
    flag("--match-ids", help="find sources by their ids in other surveys, in their annotations")
    group.add_argument(
        "--source-prefix",
        default="",
        metavar="TEXT",
        help="of the sources at a row's position only those count whose names begin so, as ZTFJ; "
        "by default all",
    )
    flag("--skip-phot", help="no photometry for sources that are on Fritz already")


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
    flag = parser.add_flag
    flag("--post-survey-id", help="annotate sources with their Gaia, AllWISE or PS1 id")
    flag("--post-phot-as-comment", help="post a picture of the light curve as a comment")
    flag("--post-phasefolded-phot", help="post one folded with the period, too")


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


def upload_classification(args: argparse.Namespace) -> None:
    """Run the command."""
    from scope.config.load import load_config

    show_progress()
    upload_file(args, load_config(config_path=args.config_path))


def upload_file(args: argparse.Namespace, config: Config) -> None:
    """Upload what the parsed command line says."""
    from scope.fritz.field_check import require_field_check, without_strange
    from scope.fritz.journal import Journal
    from scope.fritz.results import ResultFiles, write_named
    from scope.fritz.upload import Upload
    from scope.fritz.upload_rows import PERIOD, SURVEY_ID
    from scope.io.user_tables import read_user_table, require_rows

    table = read_user_table(
        args.file, known=[PERIOD], names=["obj_id", SURVEY_ID], places=("ra", "dec"), first=0
    )
    require_rows(table, args.file)
    require_field_check(table.attrs, args.file, forced=args.ignore_field_check)
    if not args.include_strange:
        table = without_strange(table, config.probabilities.strange_below)
    files = ResultFiles(
        Path(args.result_dir), f"{Path(args.file).stem}_{args.result_filetag}", args.result_format
    )
    options = _options(args, config)
    light_curves = light_curve_source(config, options)
    with open_fritz(config, dry_run=args.dry_run) as fritz:
        rows = _checked_rows(args, table, fritz)

        def saved(names: dict[int, str]) -> None:
            if args.write_obj_id and not args.dry_run:
                write_named(table, names, files.named)

        journal_path = None if args.dry_run else files.journal
        with Journal(journal_path, fritz.options.address) as journal:
            try:
                Upload(fritz, journal, options, light_curves, saved).run(rows)
            finally:
                if not args.dry_run:
                    refused = write_results(journal, files)
    if not args.dry_run and refused:
        raise_refused(refused, files)


def write_results(journal: Journal, files: ResultFiles) -> int:
    """Write the receipt, say what was done, and return how many steps were refused."""
    from scope.fritz.journal import REFUSED
    from scope.fritz.results import receipt_lines, write_receipt

    write_receipt(journal, files.receipt)
    for line in receipt_lines(journal) or ["nothing to do"]:
        print(line)
    print(files.receipt)
    return sum(step.get("status") == REFUSED for step in journal.steps(fresh=True))


def raise_refused(number: int, files: ResultFiles) -> NoReturn:
    """Raise for steps that Fritz has refused."""
    raise ServiceError(
        "steps that Fritz refuses",
        value=number,
        todo=f"{files.receipt} says why; the next run tries them again",
    )


def _checked_rows(args: argparse.Namespace, table: pd.DataFrame, fritz: object) -> list[UploadRow]:
    """Return the rows; their classes are all on Fritz."""
    from scope.fritz.sources import check_name, named
    from scope.fritz.taxonomy import fetch_taxonomies
    from scope.fritz.taxonomy_map import read_map
    from scope.fritz.upload_rows import class_columns, upload_rows
    from scope.services.fritz import Fritz

    assert isinstance(fritz, Fritz)
    mapper = read_map(args.taxonomy_map)
    columns = class_columns(table, args.classification, mapper)
    mapper.check(fetch_taxonomies(fritz), columns)
    rows = upload_rows(
        table,
        columns,
        mapper,
        p_threshold=args.p_threshold,
        start=args.start,
        stop=args.stop,
        path=args.file,
    )
    if args.use_existing_obj_id:
        for row in rows:
            if row.classes:
                check_name(named(row), f"row {row.number} of {args.file}")
    return rows


def _options(args: argparse.Namespace, config: Config) -> UploadOptions:
    from dataclasses import fields

    from scope.fritz.upload import UploadOptions

    given = {
        field.name: getattr(args, field.name)
        for field in fields(UploadOptions)
        if hasattr(args, field.name)
    }
    given["group_ids"] = tuple(args.group_ids)
    return UploadOptions(**given, ml=not args.no_ml, batch=config.fritz.batch)


def light_curve_source(config: Config, options: UploadOptions) -> LightCurveSource | None:
    """Return where photometry comes from; None if there is no survey and none is needed."""
    from scope.fritz.photometry import LightCurveSource
    from scope.surveys.open import configured_survey
    from scope.surveys.registry import survey_kind

    if survey_kind(config).is_configured(config):
        return LightCurveSource(lambda: configured_survey(config))
    if options.pictures or not options.skip_phot:
        raise UsageError(
            "no survey to take photometry from",
            todo="set the key archive to a folder of light curves, or survey to kowalski; or give "
            "--skip-phot",
        )
    return None


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``scope-upload-classification``."""
    return run_command(build_parser(), upload_classification, argv)


if __name__ == "__main__":
    sys.exit(main())
