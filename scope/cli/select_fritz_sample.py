"""``select-fritz-sample``: sources for people to look at, some for each class."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scope.cli.algorithm_option import add_algorithm, check_algorithm
from scope.cli.arguments import Parser, non_negative_float, positive_int
from scope.cli.run import run_command, show_progress
from scope.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    import pandas as pd

ALL = "all"


def build_parser(prog: str = "select-fritz-sample") -> Parser:
    """Return the parser of the command."""
    parser = Parser(
        prog=prog,
        description="Make sources of the light curves of predictions, and draw examples of each "
        "class.",
    )
    parser.add_version()
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
    return parser


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


def select_fritz_sample(args: argparse.Namespace) -> None:
    """Run the command."""
    from scope.catalog.sample import SampleOptions, select_sample, with_not_variable
    from scope.io import write_parquet
    from scope.io.atomic import write_bytes

    if args.verbose:
        show_progress()
    check_algorithm(args.algorithm, getattr(args, "config_path", None))
    folder = Path(f"{args.al_directory}_{args.algorithm}") / args.al_filename
    consolidated = folder / f"{args.consol_filename}_consol.parquet"
    sources = with_not_variable(_sources(args, consolidated), args.algorithm)
    if args.exclude_training_sources:
        sources = _without_training(args, sources)
    options = SampleOptions(
        classes=_classes(args),
        threshold=args.probability_threshold,
        count=None if args.doAllSources else args.min_class_examples,
        top=args.select_top_n,
        all_labels=args.include_all_highprob_labels,
    )
    sample, counts = select_sample(sources, args.algorithm, options)
    print(f"{len(sources)} sources, {len(sample)} chosen")
    for tag, count in counts.items():
        print(f"  {tag:<10} {count:>8}  from {args.probability_threshold} on")
    if args.doNotSave:
        return
    output = folder / f"{args.al_filename}.parquet"
    sample.attrs = dict(sources.attrs)
    write_parquet(sample, output)
    if args.write_csv:
        sample.to_csv(output.with_suffix(".csv"), index=False)
    write_bytes(json.dumps(counts, indent=1).encode(), folder / "meta.json")
    print(output)


def _sources(args: argparse.Namespace, consolidated: Path) -> pd.DataFrame:
    """Return all sources: consolidated now, or read again."""
    from scope.catalog.consolidate import consolidate
    from scope.io import read_parquet, write_parquet

    if args.read_consolidation_results:
        if not consolidated.is_file():
            raise NotFoundError(
                "no consolidated sources",
                value=str(consolidated),
                todo="run with --write-consolidation-results first",
            )
        return read_parquet(consolidated)
    sources = consolidate(
        _predictions(args), algorithm=args.algorithm, statistic=args.consolidation_statistic
    )
    if args.write_consolidation_results and not args.doNotSave:
        write_parquet(sources, consolidated)
        print(consolidated)
    return sources


def _predictions(args: argparse.Namespace) -> list[Path]:
    """Return the files of predictions that are asked for."""
    root = Path(f"preds_{args.algorithm}")
    if args.fields == [ALL]:
        found = [
            path
            for path in sorted(root.glob("field_*/field_*.parquet"))
            if re.fullmatch(r"field_\d+", path.stem) and path.parent.name == path.stem
        ]
        if not found:
            raise NotFoundError("no predictions of fields", value=str(root))
        return found
    names = [f"field_{name}" for name in args.fields]
    paths = [root / name / f"{name}.parquet" for name in names]
    if missing := [path for path in paths if not path.is_file()]:
        there = sorted(path.parent.name.removeprefix("field_") for path in root.glob("*/*.parquet"))
        raise NotFoundError(
            "no predictions", value=", ".join(map(str, missing)), allowed=there or "none are there"
        )
    return paths


def _classes(args: argparse.Namespace) -> tuple[str, ...] | None:
    if args.group is None:
        return None
    from scope.cli.inference_options import load_groups

    (bundle,) = load_groups({args.algorithm: args.group})
    return bundle.classes


def _without_training(args: argparse.Namespace, sources: pd.DataFrame) -> pd.DataFrame:
    """Return the sources that are not in the training set, by name or by position."""
    import numpy as np

    from scope.catalog.stars import SAME_STAR_ARCSEC
    from scope.io.user_tables import read_user_table
    from scope.lightcurves.sky import PositionTree

    if args.training_set is None:
        raise UsageError(
            "--exclude-training-sources without --training-set", todo="name the training set"
        )
    training = read_user_table(args.training_set, names=["obj_id"], places=("ra", "dec"))
    known = np.zeros(len(sources), dtype=bool)
    if "obj_id" in training:
        known |= sources["obj_id"].isin(set(training["obj_id"].dropna())).to_numpy()
    if "ra" in training and "dec" in training:
        tree = PositionTree(training["ra"].to_numpy(), training["dec"].to_numpy())
        known |= tree.nearest(sources["ra"], sources["dec"], SAME_STAR_ARCSEC)[0] >= 0
    elif "obj_id" not in training:
        raise UsageError("--training-set", value=args.training_set, allowed="obj_id, or ra and dec")
    print(f"{known.sum()} sources are in the training set")
    kept = sources[~known].reset_index(drop=True)
    kept.attrs = sources.attrs
    return kept


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``select-fritz-sample``."""
    return run_command(build_parser(), select_fritz_sample, argv)


if __name__ == "__main__":
    sys.exit(main())
