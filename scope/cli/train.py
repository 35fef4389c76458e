"""``scope train``, ``scope-train``: train models of some classes on labelled features."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser, as_options
from scope.cli.run import command_main, say, show_progress
from scope.cli.train_options import add_train_options

DESCRIPTION = (
    "Train models of some classes on labelled features. Options that are not "
    "given come from the configuration."
)


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    add_train_options(parser)


def run(options: argparse.Namespace) -> None:
    """Train, say how well it went, and keep what is to be kept."""
    from scope.workflows.train import TrainOptions, train

    show_progress()
    train(as_options(TrainOptions, options), vars(options), say)


main = command_main("scope-train")

if __name__ == "__main__":
    raise SystemExit(main())
