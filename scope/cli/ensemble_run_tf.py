"""``ensemble_run_tf.py``: the same as ``ensemble_run.py``, by TensorFlow."""

from __future__ import annotations

from scope.cli import ensemble_run
from scope.cli.arguments import Parser
from scope.cli.ensemble_run import DESCRIPTION, run
from scope.cli.run import command_main

__all__ = ["DESCRIPTION", "add_arguments", "main", "run"]


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    ensemble_run.add_arguments(parser)
    parser.set_defaults(backend="keras")


main = command_main("ensemble_run_tf.py")
