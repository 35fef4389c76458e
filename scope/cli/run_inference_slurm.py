"""``run-inference-slurm``: a batch script that scores fields by all classifiers."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from scope.cli.arguments import Parser, non_negative_int, positive_int
from scope.cli.run import run_command
from scope.cli.slurm_options import add_loop_options, add_slurm_options, write_controller


def build_parser(prog: str = "run-inference-slurm") -> Parser:
    """Return the parser of the command."""
    parser = Parser(
        prog=prog,
        description="Write a batch script for SLURM that scores whole fields as an inference "
        "script does one: a controller, which runs Snakemake with the profile and submits the "
        "jobs; a field's classifiers share one job and its cores, or have a job each where "
        "inference.classes_per_job says so.",
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
        type=str.lower,
        metavar="NAME",
        help="must be that of the script; names the folder and the job",
    )
    parser.add_argument("--Ncore", type=positive_int, metavar="N", help="cores of the largest job")
    add_slurm_options(parser, dirname="inference", job_name="run_inference")
    add_loop_options(parser)
    return parser


def run_inference_slurm(args: argparse.Namespace) -> None:
    """Write the batch script and its settings."""
    from scope.cli.create_inference_script import script_options
    from scope.cli.inference_options import check_inference_options
    from scope.cli.run_inference import is_the_workflows, models_of, workflow_config
    from scope.config.load import load_config, merge
    from scope.errors import UsageError
    from scope.runs.controller import Workers
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
    check_inference_options(options, [bundle])
    config = workflow_config(options, config, bundle, classes)
    if args.fields:
        targets = {"targets": [f"field_{field}" for field in args.fields]}
        config = load_config(overrides=merge(config.model_dump(), targets))
    names = {target: _field_name(target) for target in Plan(config).targets()}
    # Features that the script finds are scored by it, as on any machine.
    missing = [target for target, name in names.items() if not _has_features(options, name)]
    if missing and (options.device != "cpu" or not is_the_workflows(bundle)):
        raise UsageError(
            f"models or device of {args.scriptname} that jobs of the workflow cannot use",
            value=f"{bundle.folder}, {options.device}",
            allowed="a group in ./models, ./models_<algorithm> or the checkout, on the cpu",
            todo="submit the script itself, on a node that has the device",
        )
    suffixes = ["parquet", "csv"] if options.write_csv else ["parquet"]
    products = [
        f"results/preds_{bundle.algorithm}/{target}.{suffix}"
        for target in missing
        for suffix in suffixes
    ]
    asked = Workers(
        partition=args.partition_type,
        account=args.account_name,
        gpus=args.gpus,
        cores=args.Ncore,
        memory_gb=args.memory_GB,
        time=args.time,
    )
    script = Path(args.scriptname)
    call = str(script) if script.is_absolute() else f"./{script}"
    # It leaves what Snakemake has made where the documents look for it.
    afterwards = [shlex.join([call, name]) for name in names.values()]
    write_controller(args, config, asked, products, afterwards=afterwards)
    print(f"{len(names)} fields by {len(classes or bundle.classes)} classifiers")


def _field_name(target: str) -> str:
    """Return what the script calls a target."""
    from scope.cli.feature_files import SPECIFIC
    from scope.targets.names import FieldTarget, parse_target

    parsed = parse_target(target)
    if isinstance(parsed, FieldTarget):
        return str(parsed.field)
    name = target.removeprefix("ids_")
    return name if name.endswith(SPECIFIC) else f"{name}_{SPECIFIC}"


def _has_features(options: argparse.Namespace, name: str) -> bool:
    from scope.cli.feature_files import feature_files

    return bool(feature_files(argparse.Namespace(**{**vars(options), "field": name})))


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``run-inference-slurm``."""
    return run_command(build_parser(), run_inference_slurm, argv)


if __name__ == "__main__":
    sys.exit(main())
