"""``get-features``: the features of the light curves that ``get-quad-ids`` listed."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scope.cli.arguments import Parser, available_cpus, non_negative_int, positive_int
from scope.cli.run import run_command, show_progress
from scope.cli.survey_options import add_survey_options, span, survey_config
from scope.errors import InputError, NotFoundError, UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from scope.catalog.get_features import FeatureFile, FeatureSource, Impute
    from scope.config.model import Config


def build_parser(prog: str = "get-features") -> Parser:
    """Return the parser of the command."""
    parser = Parser(
        prog=prog,
        description="Write the features of the light curves that get-quad-ids listed: "
        "downloaded from a collection of Kowalski, or computed from an archive, whichever is "
        "configured. What was interrupted goes on where it stopped.",
    )
    parser.add_version()
    add_survey_options(parser, default_field=291)
    parser.add_argument(
        "--features-catalog",
        metavar="NAME",
        help="collection of Kowalski to download from; by default the configured one",
    )
    parser.add_argument(
        "--ids-dir", metavar="FOLDER", help="where the ids are; by default ids/field_<N>"
    )
    parser.add_argument(
        "--output-dir", metavar="FOLDER", help="where to write; by default features/field_<N>"
    )
    parser.add_argument("--suffix", metavar="TEXT", help="put this into the names of the files")
    _add_amounts(parser)
    parser.add_flag("--whole-field", help="read the ids of the whole field from one file")
    parser.add_flag("--restart", help="make files again that are there already")
    parser.add_flag("--no-write-results", help="write nothing, to try the survey")
    parser.add_flag("--write-csv", help="write .csv files too")
    parser.add_argument(
        "--column-list",
        nargs="+",
        metavar="NAME",
        help="features to take, beside _id and reason; all by default",
    )
    parser.add_flag("--impute-missing-features", help="fill missing features as configured")
    parser.add_flag(
        "--no-self-impute",
        help="fill from what the configured models learned, and not from the file itself",
    )
    parser.add_flag("--tm", help="say how long each step took")
    parser.add_flag("--verbose", help="say what is going on")
    return parser


def _add_amounts(parser: Parser) -> None:
    parser.add_argument(
        "--limit-per-query",
        type=positive_int,
        default=1000,
        metavar="N",
        help="light curves of a query; the result does not depend on it",
    )
    parser.add_argument(
        "--max-sources",
        type=positive_int,
        default=100_000,
        metavar="N",
        help="light curves of a file",
    )
    for name, which in (("start", "first"), ("end", "end before this")):
        parser.add_argument(
            f"--{name}",
            type=non_negative_int,
            metavar="N",
            help=f"{which} place in the list of ids, from 0; with --whole-field only",
        )


def get_features(args: argparse.Namespace) -> None:
    """Run the command."""
    from scope.catalog import get_features as library

    config = survey_config(args)
    if args.verbose:
        show_progress()
    if args.whole_field and (args.start or 0) % args.max_sources and not args.suffix:
        raise UsageError(
            "--start",
            value=args.start,
            allowed=f"multiples of --max-sources, {args.max_sources}",
            todo="or name the files otherwise with --suffix: they would lie where those of "
            "other light curves belong",
        )
    folder = Path(args.output_dir or f"features/field_{args.field}")
    files: list[FeatureFile] = []
    lists = list(_lists(args))
    if not any(len(ids) for _, ids, _ in lists):
        raise NotFoundError(
            "no light curves in the lists of ids",
            value=f"field {args.field}, {args.ids_dir or f'ids/field_{args.field}'}",
            todo="run get-quad-ids again, for a field or a collection that has some",
        )
    for name, ids, units in lists:
        with _timed(f"features of {name}", args.tm):
            files += library.get_features(
                _source(args, config, units),
                ids,
                folder / (f"{name}_{args.suffix}" if args.suffix else name),
                max_sources=args.max_sources,
                start=args.start or 0,
                end=args.end,
                restart=args.restart,
                impute=_impute(args, config),
                csv=args.write_csv,
                write=not args.no_write_results,
                facts={
                    "feature_columns": args.column_list,
                    "features_self_imputed": not args.no_self_impute,
                },
            )
    _print(files, folder, written=not args.no_write_results)


def _lists(
    args: argparse.Namespace,
) -> Iterator[tuple[str, npt.NDArray[np.int64], list[str]]]:
    """Yield the name of each list of ids, the ids, and the quadrants that they are of."""
    from scope.surveys.base import unit_name
    from scope.surveys.get_quad_ids import quadrant_file, read_quad_ids

    folder = Path(args.ids_dir or f"ids/field_{args.field}")
    places = [
        (ccd, quad)
        for ccd in span(args.ccd_range, "ccd", 16)
        for quad in span(args.quad_range, "quad", 4)
    ]
    if args.whole_field:
        with _timed("reading ids", args.tm):
            ids = read_quad_ids(folder / f"field_{args.field}.h5")
        yield f"field_{args.field}", ids, [unit_name(*place) for place in places]
        return
    if args.start is not None or args.end is not None:
        raise UsageError("--start and --end", todo="use them with --whole-field")
    there = [place for place in places if (folder / quadrant_file(*place)).is_file()]
    if not there:
        raise NotFoundError(
            "no ids of these quadrants",
            value=str(folder / quadrant_file(*places[0])),
            todo="run get-quad-ids first, or use --whole-field for its whole field",
        )
    for place in there:
        unit = unit_name(*place)
        yield unit, read_quad_ids(folder / quadrant_file(*place)), [unit]


def _source(args: argparse.Namespace, config: Config, units: list[str]) -> FeatureSource:
    from scope.surveys.computed_features import ComputedFeatures
    from scope.surveys.kowalski import KowalskiSurvey
    from scope.surveys.open import configured_survey
    from scope.surveys.stored_features import KowalskiFeatures

    survey = configured_survey(config)
    if isinstance(survey, KowalskiSurvey):
        return KowalskiFeatures(
            survey.client,
            args.features_catalog or config.kowalski.collections.features,
            ids_per_query=args.limit_per_query,
            columns=args.column_list,
        )
    if args.features_catalog is not None:
        raise UsageError(
            "--features-catalog with an archive, whose features are computed",
            value=args.features_catalog,
            todo="leave it out, or set the key survey to kowalski",
        )
    present = [unit for unit in survey.units(args.field) if unit in units]
    return ComputedFeatures(
        survey,
        args.field,
        present,
        config,
        workers=available_cpus(),
        columns=args.column_list,
    )


def _impute(args: argparse.Namespace, config: Config) -> Impute | None:
    """Return what fills missing features, None if nothing does."""
    if not args.impute_missing_features:
        return None

    def impute(frame: pd.DataFrame) -> pd.DataFrame:
        from scope.preprocessing import impute_features

        # Collections of features have one period search, and no suffix.
        suffix: Any = "None" if "period" in frame.columns else None
        alone = not args.no_self_impute
        try:
            return impute_features(frame, self_impute=alone, period_suffix=suffix, config=config)
        except InputError as error:
            if not alone:
                raise
            raise InputError(
                "missing features that cannot be filled from the file itself",
                value=f"{error.what}: {error.value}",
                todo="fill them from what the configured models learned, with --no-self-impute, "
                "or leave out --impute-missing-features: run-inference fills them too",
            ) from error

    return impute


@contextmanager
def _timed(what: str, wanted: bool) -> Iterator[None]:
    began = time.perf_counter()
    yield
    if wanted:
        print(f"{what}: {time.perf_counter() - began:.1f} s")


def _print(files: Sequence[FeatureFile], folder: Path, *, written: bool) -> None:
    """Say what became of the light curves."""
    rows, without = sum(file.rows for file in files), sum(file.without for file in files)
    print(f"{rows} light curves: {rows - without} with features, {without} without")
    if written:
        kept = sum(file.kept for file in files)
        print(f"{len(files) - kept} files written, {kept} were there already")
        print(folder)


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``get-features``."""
    return run_command(build_parser(), get_features, argv)


if __name__ == "__main__":
    sys.exit(main())
