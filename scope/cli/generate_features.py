"""``generate-features``: the features of a quadrant, of a list of sources, or of a file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scope.cli.arguments import Parser, non_negative_int, positive_float, positive_int
from scope.cli.feature_files import FIRST, SPECIFIC
from scope.cli.generation_options import (
    MOST_PER_QUERY,
    add_generation_options,
    add_survey_options,
    backend_of,
    generation_config,
)
from scope.cli.run import run_command, show_progress
from scope.errors import InputError, NotFoundError, UsageError

if TYPE_CHECKING:
    from scope.features.compute_features import Summary


def build_parser(prog: str = "generate-features") -> Parser:
    """Return the parser of the command."""
    parser = Parser(
        prog=prog,
        description="Compute features: of a quadrant of a field (--field, --ccd, --quad), of a "
        "list of sources (--doSpecificIDs), or of any file of light curves (--light-curves). "
        "Options that are not given come from the configuration. Features of a survey are "
        "products of the workflow in results/features, left in --dirname too.",
    )
    parser.add_version()
    _add_what(parser)
    add_generation_options(parser)
    add_survey_options(parser)
    parser.add_argument(
        "--chunk-size",
        type=positive_int,
        default=512,
        metavar="N",
        help="light curves of a file in memory at a time; no number depends on it",
    )
    return parser


def _add_what(parser: Parser) -> None:
    parser.add_argument("--light-curves", metavar="FILE", help="Parquet file of light curves")
    parser.add_argument(
        "--output", metavar="FILE", help="Parquet file to write; with --light-curves only"
    )
    parser.add_argument("--field", type=positive_int, metavar="N", help="field number")
    parser.add_argument("--ccd", type=positive_int, default=1, metavar="N", help="ccd of the field")
    parser.add_argument(
        "--quad", type=positive_int, default=1, metavar="N", help="quadrant of the ccd"
    )
    parser.add_flag("--doSpecificIDs", help="the sources of --fg-dataset")
    parser.add_argument(
        "--fg-dataset",
        metavar="FILE",
        help=f"table of sources, by id or position; by default the configured list {SPECIFIC!r}",
    )
    parser.add_argument(
        "--cone-radius-arcsec",
        type=positive_float,
        metavar="ARCSEC",
        help="around positions of --fg-dataset, all light curves within it are taken",
    )
    parser.add_flag("--doQuadrantFile", help="the quadrant that a row of --quadrant-file names")
    parser.add_argument(
        "--quadrant-file",
        default="slurm.dat",
        metavar="FILE",
        help="rows of index, field, ccd and quad, in <dirname>/slurm",
    )
    parser.add_argument(
        "--quadrant-index",
        type=non_negative_int,
        default=0,
        metavar="N",
        help="index of the row",
    )
    parser.add_argument(
        "--dirname",
        default="generated_features",
        metavar="FOLDER",
        help="folder to leave features of a survey in",
    )
    parser.add_argument(
        "--filename", default="gen_features", metavar="TEXT", help="how names of files begin there"
    )
    parser.add_flag("--doNotSave", help="leave nothing in --dirname")


def generate_features(args: argparse.Namespace) -> None:
    """Run the command."""
    ways = {
        "--light-curves": args.light_curves is not None,
        "--doSpecificIDs": args.doSpecificIDs,
        "--doQuadrantFile": args.doQuadrantFile,
        "--field": args.field is not None,
    }
    chosen = [name for name, given in ways.items() if given]
    if len(chosen) != 1:
        raise UsageError(
            "features of what",
            value=", ".join(chosen) or "nothing",
            allowed=f"one of {', '.join(ways)}",
            todo="see `generate-features --help`",
        )
    if args.light_curves is not None:
        _of_file(args)
    elif args.doSpecificIDs:
        _of_list(args)
    else:
        _of_quadrant(args, *_quadrant(args))


def _of_file(args: argparse.Namespace) -> None:
    """Compute the features of a file of light curves, without the workflow."""
    from scope.features.generate_features import generate_features as generate

    if args.output is None:
        raise UsageError("--light-curves without --output", todo="name the file to write")
    config = generation_config(args)
    show_progress()
    summary = generate(
        args.light_curves,
        args.output,
        cleaning=config.cleaning_options(),
        options=config.feature_options(),
        backend=backend_of(args) or config.backend(),
        workers=args.workers,
        rows=args.chunk_size,
        facts={"config_hash": config.config_hash},
    )
    _print(summary, args.output)


def _of_quadrant(args: argparse.Namespace, field: int, ccd: int, quad: int) -> None:
    """Let the workflow compute the features of a quadrant."""
    from scope.cli.workflow import leave, run_workflow
    from scope.surveys.base import parse_unit, unit_name

    unit = unit_name(ccd, quad)
    parse_unit(unit)
    _check(args)
    folder = Path(args.dirname) / f"field_{field}"
    stem = f"{args.filename}_field_{field}_ccd_{ccd}_quad_{quad}"
    if args.stop_early:
        name = f"field_{field}_{unit}{FIRST}"
        settings = {"path": _first_of_quadrant(args, field, unit)}
        _run_list(args, name, settings, folder / f"{stem}{FIRST}.parquet")
        return
    place = folder / f"{stem}.parquet"
    product = Path(f"results/features/field_{field}/{unit}.parquet")
    run_workflow([product], generation_config(args), cores=args.workers)
    _report(product)
    if not args.doNotSave:
        print(leave(product, place))


def _of_list(args: argparse.Namespace) -> None:
    """Let the workflow compute the features of a list of sources."""
    _check(args)
    name, settings = SPECIFIC, {} if args.fg_dataset is None else {"path": args.fg_dataset}
    if args.stop_early:
        # As the whole list is looked for, under a name of its own.
        name = f"{SPECIFIC}{FIRST}"
        configured = generation_config(args).lists.get(SPECIFIC)
        settings = {} if configured is None else configured.model_dump()
        settings["path"] = _first_of_list(args)
    place = Path(args.dirname) / SPECIFIC / f"{args.filename}_{name}.parquet"
    _run_list(args, name, settings, place)


def _run_list(args: argparse.Namespace, name: str, settings: dict[str, Any], place: Path) -> None:
    from scope.cli.lists import leave_joined, report_list
    from scope.cli.workflow import run_workflow
    from scope.targets.plan import Plan

    if args.cone_radius_arcsec is not None:
        settings = {**settings, "cone_radius_arcsec": args.cone_radius_arcsec}
    config = generation_config(args, **({"lists": {name: settings}} if settings else {}))
    target = f"ids_{name}"
    units = Plan(config).units(target)
    products = [Path(f"results/features/{target}/{unit}.parquet") for unit in units]
    run_workflow(products, config, cores=args.workers)
    report_list(target)
    for product in products:
        _report(product)
    if not args.doNotSave:
        print(leave_joined(products, place))


def _quadrant(args: argparse.Namespace) -> tuple[int, int, int]:
    """Return field, ccd and quad that the options name."""
    if not args.doQuadrantFile:
        return args.field, args.ccd, args.quad
    path = Path(args.dirname) / "slurm" / args.quadrant_file
    if not path.is_file():
        raise NotFoundError("no such list of quadrants", value=str(path))
    for line in path.read_text().splitlines():
        words = line.split()
        if len(words) >= 4 and words[0] == str(args.quadrant_index):
            try:
                field, ccd, quad = (int(word) for word in words[1:4])
            except ValueError:
                raise InputError(
                    f"row of {path} that names no quadrant",
                    value=line,
                    allowed="index, field, ccd and quad, separated by spaces",
                ) from None
            return field, ccd, quad
    raise NotFoundError(f"no row of this index in {path}", value=args.quadrant_index)


def _first_of_quadrant(args: argparse.Namespace, field: int, unit: str) -> str:
    """Write the first ids of a quadrant as a list, and return its path."""
    from scope.surveys.open import configured_survey
    from scope.targets.lists import ids_only, write_source_list

    survey = configured_survey(generation_config(args))
    ids = survey.sources(field, unit).column("_id").to_numpy()
    path = f"results/lists/field_{field}_{unit}{FIRST}.parquet"
    write_source_list(ids_only(ids[: args.query_size_limit or MOST_PER_QUERY]), path)
    return path


def _first_of_list(args: argparse.Namespace) -> str:
    """Write the first rows of a list as a list, and return its path."""
    from scope.targets.lists import read_source_list, write_source_list
    from scope.targets.plan import Plan

    table = args.fg_dataset
    if table is None:
        table = Plan(generation_config(args)).source_list(f"ids_{SPECIFIC}").path
    path = f"results/lists/{SPECIFIC}{FIRST}.parquet"
    wanted = read_source_list(table)[: args.query_size_limit or MOST_PER_QUERY]
    write_source_list(wanted, path)
    return path


def _check(args: argparse.Namespace) -> None:
    if args.output is not None:
        raise UsageError(
            "--output without --light-curves",
            value=args.output,
            todo="name --dirname and --filename",
        )
    if backend_of(args) == "reference":
        raise UsageError("--backend", value="reference", allowed="cpu, cuda")


def _report(product: Path) -> None:
    """Say what became of the light curves of a file of features."""
    from collections import Counter

    from scope.features.compute_features import Summary
    from scope.io import read_table

    column = read_table(product, ["reason"]).column("reason").to_pylist()
    reasons = Counter(reason for reason in column if reason is not None)
    _print(Summary(len(column), dict(sorted(reasons.items()))), str(product))


def _print(summary: Summary, output: str) -> None:
    """Say what became of the light curves."""
    from scope.lightcurves.points import POINT_REASONS
    from scope.schema import REASONS

    without = summary.rows - summary.with_features
    print(f"{summary.rows} light curves: {summary.with_features} with features, {without} without")
    width = max((len(reason) for reason in summary.reasons), default=0)
    for reason, count in summary.reasons.items():
        print(f"  {reason:<{width}}  {count:>8}  {REASONS[reason]}")
    if summary.left_out:
        print(f"{sum(summary.left_out.values())} points left out")
    width = max((len(reason) for reason in summary.left_out), default=0)
    for reason, count in summary.left_out.items():
        print(f"  {reason:<{width}}  {count:>8}  {POINT_REASONS[reason]}")
    print(output)


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``generate-features``."""
    return run_command(build_parser(), generate_features, argv)


if __name__ == "__main__":
    sys.exit(main())
