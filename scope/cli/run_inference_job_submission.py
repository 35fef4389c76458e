"""``run-inference-job-submission``: submit the script of ``run-inference-slurm``."""

from __future__ import annotations

import argparse

from scope.cli.algorithm_option import add_algorithm
from scope.cli.arguments import Parser
from scope.cli.run import command_main, say
from scope.cli.slurm_options import add_submission_options

DESCRIPTION = (
    "Submit the batch script of run-inference-slurm. "
    "Nothing is submitted while such a job is in the queue."
)


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    add_submission_options(parser, dirname="inference")
    add_algorithm(parser, "whose script: <algorithm>_<dirname>")


def run(options: argparse.Namespace) -> None:
    """Submit the script, and say by which number."""
    from scope.workflows.run_inference_slurm import submit_inference

    submit_inference(
        options.algorithm, options.dirname, options.filetype, say, max_jobs=options.max_instances
    )


main = command_main("run-inference-job-submission")


if __name__ == "__main__":
    raise SystemExit(main())
