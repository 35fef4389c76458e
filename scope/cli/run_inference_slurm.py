"""``run-inference-slurm``: a batch script that scores fields by all classifiers."""

from __future__ import annotations

import argparse
from functools import partial

from scope.cli.arguments import Parser, as_options, non_negative_int, positive_int
from scope.cli.run import command_main, parsed, say
from scope.cli.slurm_options import add_loop_options, add_slurm_options

DESCRIPTION = (
    "Write a batch script for SLURM that scores whole fields as an inference "
    "script does one: a controller, which runs Snakemake with the profile and submits the "
    "jobs; a field's classifiers share one job and its cores, or have a job each where "
    "inference.classes_per_job says so."
)


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
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


def run(options: argparse.Namespace) -> None:
    """Write the batch script, and say how it is submitted."""
    from scope.runs.batch_scripts import BatchOptions
    from scope.workflows.run_inference import InferenceOptions
    from scope.workflows.run_inference_slurm import run_inference_slurm

    run_inference_slurm(
        options.scriptname,
        as_options(BatchOptions, options),
        say,
        parse=partial(parsed, "run-inference", InferenceOptions),
        fields=options.fields,
        algorithm=options.algorithm,
    )


main = command_main("run-inference-slurm")

if __name__ == "__main__":
    raise SystemExit(main())
