"""``run-inference-slurm``: a batch script that scores fields by all classifiers."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from scope.cli.arguments import Parser, non_negative_int, positive_int
from scope.cli.run import run_command
from scope.cli.slurm_options import add_loop_options, add_slurm_options, workers, write_controller


def build_parser(prog: str = "run-inference-slurm") -> Parser:
    """Return the parser of the command."""
    parser = Parser(
        prog=prog,
        description="Write a batch script for SLURM that scores whole fields as an inference "
        "script does one: a controller, which runs Snakemake with the profile and submits a job "
        "for each classifier.",
    )
    parser.add_version()
    parser.add_argument(
        "--scriptname",
        default="get_all_preds.sh",
        metavar="FILE",
        help="script of create-inference-script, which says by which models",
    )
    parser.add_argument(
        "--fields",
        nargs="+",
        type=non_negative_int,
        metavar="N",
        help="field numbers; by default the configured targets",
    )
    parser.add_argument(
        "--algorithm",
        choices=("dnn", "xgb"),
        help="must be that of the script; names the folder and the job",
    )
    parser.add_argument("--Ncore", type=positive_int, metavar="N", help="cores of the largest job")
    add_slurm_options(parser, dirname="inference", job_name="run_inference")
    add_loop_options(parser)
    return parser


def run_inference_slurm(args: argparse.Namespace) -> None:
    """Write the batch script and its settings."""
    from scope.cli.create_inference_script import script_options
    from scope.cli.run_inference import models_of, workflow_config
    from scope.config.load import load_config, merge
    from scope.errors import UsageError
    from scope.targets.plan import Plan

    options = script_options(args.scriptname)
    if args.algorithm not in (None, options.algorithm):
        raise UsageError(
            "--algorithm other than that of the script",
            value=args.algorithm,
            allowed=options.algorithm,
            todo="leave it out, or name another --scriptname",
        )
    args.dirname = f"{options.algorithm}_{args.dirname}"
    args.job_name = f"{args.job_name}_{options.algorithm}"
    config = load_config(config_path=options.config_path)
    bundle, classes = models_of(options, config)
    config = workflow_config(options, config, bundle, classes)
    # A job for each classifier.
    overrides: dict[str, Any] = {"inference": {"classes_per_job": "one"}}
    if args.fields:
        overrides["targets"] = [f"field_{field}" for field in args.fields]
    config = load_config(overrides=merge(config.model_dump(), overrides))
    targets = Plan(config).targets()
    suffixes = ["parquet", "csv"] if options.write_csv else ["parquet"]
    products = {
        f"results/preds_{bundle.algorithm}/{target}.{suffix}": (
            f"preds_{bundle.algorithm}/{target}/{target}.{suffix}"
        )
        for target in targets
        for suffix in suffixes
    }
    asked = workers(
        args,
        cores=args.Ncore,
        queries=config.kowalski.max_queries,
        gpus=args.gpus,
        partition=args.partition_type,
    )
    write_controller(args, config, asked, products)
    print(f"{len(targets)} fields by {len(classes or bundle.classes)} classifiers")


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``run-inference-slurm``."""
    return run_command(build_parser(), run_inference_slurm, argv)


if __name__ == "__main__":
    sys.exit(main())
