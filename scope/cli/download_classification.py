"""``scope-download-classification``: classifications of sources from Fritz."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scope.cli.arguments import Parser, available_cpus, non_negative_int, positive_int
from scope.cli.fritz_options import add_fritz_options, add_groups, open_fritz
from scope.cli.run import run_command, show_progress
from scope.errors import MissingColumnError, UsageError

if TYPE_CHECKING:
    import pandas as pd

    from scope.config.model import Config
    from scope.fritz.matched_features import MatchedFeatures
    from scope.fritz.taxonomy_map import TaxonomyMap

PARSE = "parse"
FORMATS = ("parquet", "h5", "csv")


def build_parser(prog: str = "scope-download-classification") -> Parser:
    """Return the parser of the command."""
    parser = Parser(
        prog=prog,
        description="Download classifications, periods and votes from Fritz, and maybe join "
        "them with the features of their light curves.",
    )
    parser.add_version()
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
        type=int,
        default=1,
        metavar="N",
        help="net votes from which on a classification counts; 0 takes all of reviewed sources",
    )
    add_fritz_options(parser, writes=False)
    return parser


def download_classification(args: argparse.Namespace) -> None:
    """Run the command."""
    from scope.config.load import load_config
    from scope.fritz.taxonomy_map import read_map

    show_progress()
    config = load_config(config_path=args.config_path)
    joins = args.merge_features or args.update_training_set
    mapper = read_map(args.taxonomy_map) if joins else None
    # What is wrong with the survey is said before anything is downloaded.
    features = _features(args, config) if joins else None
    table = _download(args, config)
    print(f"{len(table)} sources, {_count(table['classification'])} classified")
    if mapper is not None and features is not None:
        _join(args, config, features, table, mapper)


def _count(texts: pd.Series[str]) -> int:
    """Return how many cells hold something; an empty one of a CSV file is read as missing."""
    return int((texts.notna() & (texts != "")).sum())


def _download(args: argparse.Namespace, config: Config) -> pd.DataFrame:
    """Return the sources, from Fritz, or as they were downloaded before."""
    from scope.fritz.download_sources import (
        JOINED_COLUMNS,
        download_groups,
        download_table,
        is_downloaded,
    )
    from scope.io.user_tables import read_user_table, require_rows

    if args.file == PARSE:
        if not args.group_ids:
            raise UsageError("no groups to download", todo="name them with --group-ids")
        page = max(1, args.start)
        more = f"_continued_page_{page}" if page > 1 else ""
        write = _writer(args, f"parse_fritzDownload{more}")
        with open_fritz(config) as fritz:
            return download_groups(fritz, args.group_ids, first_page=page, written=write)
    table = read_user_table(
        args.file, text=JOINED_COLUMNS, names=["obj_id"], places=("ra", "dec"), first=0
    )
    require_rows(table, args.file)
    if args.start >= len(table):
        raise UsageError(
            "--start", value=args.start, allowed=f"up to {len(table) - 1}, the last row"
        )
    if is_downloaded(table):
        print(f"{args.file} was downloaded before")
        return table.iloc[args.start :].reset_index(drop=True)
    write = _writer(args, f"{Path(args.file).stem}_fritzDownload")
    with open_fritz(config) as fritz:
        return download_table(fritz, table, start=args.start, path=args.file, written=write)


def _writer(args: argparse.Namespace, stem: str) -> Callable[[pd.DataFrame], None]:
    path = Path(args.output_dir) / f"{stem}.{args.output_format}"

    said = False

    def write(table: pd.DataFrame) -> None:
        nonlocal said
        _write(table, path)
        # Not before it is there.
        if not said:
            print(path)
        said = True

    return write


def _write(table: pd.DataFrame, path: Path, **facts: Any) -> None:
    import scope
    from scope.io import write_dataframe

    path.parent.mkdir(parents=True, exist_ok=True)
    kept = table.copy()
    kept.attrs.update({"pipeline_version": scope.__version__, **facts})
    write_dataframe(kept, path)


def _features(args: argparse.Namespace, config: Config) -> MatchedFeatures:
    """Return the source of the features: a collection, or the configured archive."""
    from scope.fritz.matched_features import ArchiveFeatures, CollectionFeatures
    from scope.surveys.computed_features import ListedFeatures
    from scope.surveys.kowalski import KowalskiSurvey
    from scope.surveys.open import configured_survey

    survey = configured_survey(config)
    if isinstance(survey, KowalskiSurvey):
        names = config.kowalski.collections
        return CollectionFeatures(
            survey.client,
            args.features_catalog or names.features,
            limit=args.features_limit,
            filters_catalog=names.sources if args.get_ztf_filters else None,
        )
    if args.features_catalog is not None:
        raise UsageError(
            "--features-catalog with an archive, whose features are computed",
            value=args.features_catalog,
            todo="leave it out, or set the key survey to kowalski",
        )
    return ArchiveFeatures(survey, ListedFeatures(survey, config, workers=available_cpus()))


def _join(
    args: argparse.Namespace,
    config: Config,
    features: MatchedFeatures,
    table: pd.DataFrame,
    mapper: TaxonomyMap,
) -> None:
    from scope.fritz.merge_features import label_columns, merge_features

    votes = args.min_vote_diff if args.update_training_set else None
    labels = label_columns(table, mapper, min_vote_diff=votes)
    merged = merge_features(features, labels)
    if args.impute_missing_features:
        merged = _imputed(merged, config)
    name = Path(args.output_filename)
    path = Path(args.output_dir) / (
        name if name.suffix[1:] in FORMATS else f"{name}.{args.output_format}"
    )
    _write(merged, path, **features.facts(), imputed=bool(args.impute_missing_features))
    print(f"{len(merged)} light curves of {merged['obj_id'].nunique()} sources: {path}")
    if args.update_training_set:
        _update(args, config, merged, mapper)
        _remember(config, labels)


def _remember(config: Config, labels: pd.DataFrame) -> None:
    """Put what was voted for into the ledger of labels, what is new of it."""
    from scope.active.ledger import Ledger
    from scope.fritz.vote_labels import vote_labels

    ledger = Ledger(config.active.ledger)
    print(f"{ledger.append(vote_labels(labels))} labels added to {ledger.path}")


def _imputed(merged: pd.DataFrame, config: Config) -> pd.DataFrame:
    from scope.fritz.merge_features import period_suffix
    from scope.preprocessing import impute_features

    suffix = period_suffix(merged)
    filled = impute_features(merged, self_impute=True, period_suffix=suffix, config=config)
    if "ztf_id" not in filled:
        raise MissingColumnError("no ids after imputation", value="ztf_id")
    return filled


def _update(
    args: argparse.Namespace, config: Config, merged: pd.DataFrame, mapper: TaxonomyMap
) -> None:
    from scope.fritz.merge_features import updated_training_set
    from scope.io.user_tables import read_user_table

    path = Path(config.fritz.training_set)
    old = read_user_table(path, ids=["ztf_id"], names=["obj_id"])
    for name in ("ztf_id", "obj_id"):
        if name not in old:
            raise MissingColumnError(f"no such column in the training set {path}", value=name)
    new = updated_training_set(old, merged, list(mapper))
    output = path.with_name(f"{args.updated_training_set_prefix}_{path.name}")
    _write(new, output)
    print(f"{len(old)} rows before, {len(new)} now: {output}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``scope-download-classification``."""
    return run_command(build_parser(), download_classification, argv)


if __name__ == "__main__":
    sys.exit(main())
