"""``run-scope-local``: from a list of sources to predictions, in folders named by the time."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scope.checkout import SHIPPED_MODELS
from scope.cli.algorithm_option import WORDS, check_algorithm
from scope.cli.arguments import Parser, positive_float
from scope.cli.generation_options import (
    MOST_PER_QUERY,
    add_generation_options,
    add_survey_options,
    backend_of,
    generation_config,
)
from scope.cli.inference_options import (
    add_inference_options,
    check_algorithms,
    check_inference_options,
    load_groups,
    with_searches,
)
from scope.cli.run import run_command, show_progress
from scope.errors import UsageError

if TYPE_CHECKING:
    from scope.config.model import Config
    from scope.tasks.variables.bundles.model_bundle import ModelBundle

TIME_LABEL = "%Y-%m-%dT%H-%M-%S"
SPECIFIC = "specific_ids"


def build_parser(prog: str = "run-scope-local") -> Parser:
    """Return the parser of the command."""
    parser = Parser(
        prog=prog,
        description="Find the light curves of a list of sources, compute their features and "
        "score them. What is made lies in folders whose names have the time of the start. "
        "Options that are not given come from the configuration.",
    )
    parser.add_version()
    parser.add_argument(
        "--path-dataset",
        required=True,
        metavar="FILE",
        help="Parquet, HDF5, CSV or JSON table of sources, by id of a light curve or by position",
    )
    parser.add_argument(
        "--cone-radius-arcsec",
        type=positive_float,
        default=2.0,
        metavar="ARCSEC",
        help="around positions, all light curves within it are taken",
    )
    parser.add_argument(
        "--save-sources-filepath",
        default="sources.parquet",
        metavar="FILE",
        help="Parquet, HDF5 or CSV file to write the light curves found to",
    )
    parser.add_argument(
        "--algorithms",
        nargs="+",
        type=str.lower,
        metavar="NAME",
        help=f"{WORDS}, or several; by default as configured",
    )
    parser.add_argument(
        "--group-names",
        nargs="+",
        metavar="NAME",
        help="groups of trained models, in the order of --algorithms; by default as configured",
    )
    _add_places(parser)
    add_generation_options(parser)
    add_survey_options(parser)
    add_inference_options(parser)
    return parser


def _add_places(parser: Parser) -> None:
    parser.add_argument(
        "--dirname",
        default="generated_features",
        metavar="FOLDER",
        help="folder to leave features in; the time is added to its name",
    )
    parser.add_argument(
        "--filename", default="gen_features", metavar="TEXT", help="how names of files begin there"
    )
    for name, other, metavar in (
        ("--feature-directory", "dirname", "FOLDER"),
        ("--feature-file-prefix", "filename", "TEXT"),
    ):
        parser.add_argument(
            name,
            dest=other,
            default=argparse.SUPPRESS,
            metavar=metavar,
            help=f"the same as --{other}",
        )
    parser.add_flag("--doNotSave", help="leave no features there")


def run_scope_local(args: argparse.Namespace) -> str:
    """Run the command.

    Returns
    -------
    str
        The time that names the folders, ``YYYY-MM-DDThh-mm-ss`` UTC.
    """
    show_progress()
    if backend_of(args) == "reference":
        raise UsageError("--backend", value="reference", allowed="cpu, cuda")
    began = datetime.now(UTC).strftime(TIME_LABEL)
    groups = _groups(args)
    bundles = load_groups(groups)
    check_inference_options(args, bundles)
    config = with_searches(
        _config(args, began, groups), bundles, explicit=args.period_algorithms is not None
    )
    _make(args, began, config, groups)
    _leave(args, began, config, bundles)
    if args.time_run:
        seconds = (datetime.now(UTC) - _parsed(began)).total_seconds()
        print(f"{seconds:.0f} s")
    print(began)
    return began


def _groups(args: argparse.Namespace) -> dict[str, str]:
    """Return the group of models for each algorithm."""
    if args.group_names is None and args.algorithms is None:
        config = generation_config(args)
        return {name: config.inference.group_of(name) for name in config.inference.algorithms}
    algorithms = args.algorithms or list(generation_config(args).inference.algorithms)
    for name in algorithms:
        check_algorithm(name)
    if args.group_names is None:
        inference = generation_config(args).inference
        return {name: inference.group_of(name) for name in algorithms}
    return check_algorithms(algorithms, args.group_names)


def _config(args: argparse.Namespace, began: str, groups: Mapping[str, str]) -> Config:
    path = _dataset(args.path_dataset)
    if args.stop_early:
        from scope.targets.lists import read_source_list, write_source_list

        first = read_source_list(path)[: args.query_size_limit or MOST_PER_QUERY]
        path = Path(f"results/lists/{began}_first.parquet")
        write_source_list(first, path)
    inference: dict[str, Any] = {"algorithms": list(groups), "group": dict(groups)}
    if args.batch_size:
        inference["batch_rows"] = args.batch_size
    return generation_config(
        args,
        lists={began: {"path": str(path), "cone_radius_arcsec": args.cone_radius_arcsec}},
        targets=[f"ids_{began}"],
        inference=inference,
    )


def _dataset(name: str) -> Path:
    """Return the path of a list: as it is, or below the checkout if it is there only."""
    path, shipped = Path(name), SHIPPED_MODELS.parent / name
    return shipped if not path.exists() and shipped.exists() else path


def _make(args: argparse.Namespace, began: str, config: Config, algorithms: Iterable[str]) -> None:
    """Let the workflow make the predictions."""
    from scope.cli.workflow import run_workflow
    from scope.targets.plan import Plan

    # A list or a survey that is not there is said here, in one line, and not by Snakemake.
    Plan(config).units(f"ids_{began}")
    suffixes = ["parquet", "csv"] if args.write_csv else ["parquet"]
    products = [
        f"results/preds_{algorithm}/ids_{began}.{suffix}"
        for algorithm in algorithms
        for suffix in suffixes
    ]
    run_workflow(products, config, cores=args.workers)


def _leave(
    args: argparse.Namespace, began: str, config: Config, bundles: Sequence[ModelBundle]
) -> None:
    """Leave the products where the documents look for them, and say what there is."""
    from scope.catalog.documented import write_flagged, write_meta
    from scope.cli.lists import leave_joined, report_list, write_found
    from scope.cli.run_inference import report
    from scope.cli.workflow import leave
    from scope.targets.plan import Plan

    target = f"ids_{began}"
    report_list(target)
    print(write_found(target, args.save_sources_filepath))
    if not args.doNotSave:
        units = Plan(config).units(target)
        folder = Path(f"{args.dirname}_{began}") / SPECIFIC
        name = f"{args.filename}_{began}_{SPECIFIC}.parquet"
        products = [Path(f"results/features/{target}/{unit}.parquet") for unit in units]
        print(leave_joined(products, folder / name))
    stem = f"field_{began}_{SPECIFIC}"
    for bundle in bundles:
        made = Path(f"results/preds_{bundle.algorithm}/{target}.parquet")
        place = Path(f"preds_{bundle.algorithm}") / stem / f"{stem}.parquet"
        leave(made, place)
        if args.write_csv:
            leave(made.with_suffix(".csv"), place.with_suffix(".csv"))
        if args.flag_ids:
            write_flagged(place)
        if not args.no_write_metadata:
            write_meta(place, f"{began}_{SPECIFIC}", bundle)
        report(place, config.thresholds.label, config.probabilities.strange_below)


def _parsed(began: str) -> datetime:
    return datetime.strptime(began, TIME_LABEL).replace(tzinfo=UTC)


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``run-scope-local``."""
    return run_command(build_parser(), _run, argv)


def _run(args: argparse.Namespace) -> None:
    run_scope_local(args)


if __name__ == "__main__":
    sys.exit(main())
