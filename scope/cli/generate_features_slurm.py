"""``generate-features-slurm``: a batch script that computes the features of fields."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser, as_options, non_negative_int
from scope.cli.generation_options import add_generation_options, add_survey_options
from scope.cli.run import command_main, say
from scope.cli.slurm_options import add_loop_options, add_slurm_options

DESCRIPTION = (
    "Write a batch script for SLURM that computes the features of whole fields: "
    "a controller, which runs Snakemake with the profile and submits the jobs. It takes the "
    "options of generate-features too."
)


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
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
    parser.add_ineffective(
        "--generateQuadrantFile", "quadrants are found by the workflow", flag=True
    )
    add_generation_options(parser)
    add_survey_options(parser)
    # The cores of this machine say nothing about the cluster.
    parser.set_defaults(workers=None)


def run(options: argparse.Namespace) -> None:
    """Write the batch script, and say how it is submitted."""
    from scope.runs.batch_scripts import BatchOptions
    from scope.workflows.generate_features_slurm import FieldsRequest, generate_features_slurm
    from scope.workflows.generation import GenerationOptions

    generate_features_slurm(
        as_options(FieldsRequest, options),
        as_options(BatchOptions, options),
        as_options(GenerationOptions, options),
        say,
    )


main = command_main("generate-features-slurm")

if __name__ == "__main__":
    raise SystemExit(main())
