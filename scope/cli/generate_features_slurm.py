"""``generate-features-slurm``: a batch script that computes the features of fields."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from scope.cli.arguments import Parser, non_negative_int
from scope.cli.generation_options import (
    add_generation_options,
    add_survey_options,
    backend_of,
    generation_config,
)
from scope.cli.run import run_command
from scope.cli.slurm_options import (
    add_ineffective,
    add_loop_options,
    add_slurm_options,
    check_controller,
    interpreter,
    write_controller,
)
from scope.errors import UsageError


def build_parser(prog: str = "generate-features-slurm") -> Parser:
    """Return the parser of the command."""
    parser = Parser(
        prog=prog,
        description="Write a batch script for SLURM that computes the features of whole fields: "
        "a controller, which runs Snakemake with the profile and submits the jobs. It takes the "
        "options of generate-features too.",
    )
    parser.add_version()
    parser.add_argument(
        "--field-list",
        "--fields",
        nargs="+",
        type=non_negative_int,
        metavar="N",
        help="field numbers; by default the configured targets",
    )
    parser.add_argument(
        "--filename", default="gen_features", metavar="TEXT", help="how names of files begin"
    )
    parser.add_flag("--doNotSave", help="leave no features in --dirname, only in results")
    add_slurm_options(parser, dirname="generated_features", job_name="ztf_fg")
    add_loop_options(parser)
    add_ineffective(
        parser, "--generateQuadrantFile", "quadrants are found by the workflow", flag=True
    )
    add_generation_options(parser)
    add_survey_options(parser)
    # The cores of this machine say nothing about the cluster.
    parser.set_defaults(workers=None)
    return parser


def generate_features_slurm(args: argparse.Namespace) -> None:
    """Write the batch script and its settings."""
    from scope.cli.workflow import write_json
    from scope.runs.controller import Workers
    from scope.targets.plan import Plan

    if args.stop_early:
        raise UsageError("--stop-early", todo="leave it out; it is for trying something")
    if backend_of(args) == "reference":
        raise UsageError("--backend", value="reference", allowed="cpu, cuda")
    fields = None if args.field_list is None else [f"field_{field}" for field in args.field_list]
    config = generation_config(args, **({"targets": fields} if fields else {}))
    plan = Plan(config)
    products = {
        f"results/features/{target}/{unit}.parquet": _place(args, target, unit)
        for target in plan.targets()
        for unit in plan.units(target)
    }
    gpus = 0 if args.gpus is None and config.backend() == "cpu" else args.gpus
    asked = Workers(
        account=args.account_name,
        gpus=gpus,
        cores=args.workers,
        memory_gb=args.memory_GB,
        time=args.time,
        **{"partition" if gpus == 0 else "gpu_partition": args.partition_type},
    )
    check_controller(args)
    afterwards = []
    if not args.doNotSave:
        names = write_json(products, Path(args.dirname) / "slurm", "names")
        afterwards = [shlex.join([interpreter(args), "-m", "scope.cli.leave", str(names)])]
    write_controller(args, config, asked, list(products), afterwards=afterwards)
    print(f"{len(products)} quadrants of {len(plan.targets())} targets")


def _place(args: argparse.Namespace, target: str, unit: str) -> str:
    """Return where the documents look for the features of a unit."""
    from scope.surveys.base import parse_unit
    from scope.targets.names import FieldTarget, parse_target

    parsed = parse_target(target)
    if not isinstance(parsed, FieldTarget):
        return f"{args.dirname}/specific_ids/{args.filename}_{target}_{unit}.parquet"
    ccd, quad = parse_unit(unit)
    name = f"{args.filename}_field_{parsed.field}_ccd_{ccd}_quad_{quad}.parquet"
    return f"{args.dirname}/field_{parsed.field}/{name}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``generate-features-slurm``."""
    return run_command(build_parser(), generate_features_slurm, argv)


if __name__ == "__main__":
    sys.exit(main())
