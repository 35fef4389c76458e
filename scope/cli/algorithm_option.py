"""The option that names an algorithm: whatever is registered, built in or by the configuration."""

from __future__ import annotations

from scope.cli.arguments import Parser
from scope.plugins import DEFAULT_ALGORITHMS

WORDS = "an algorithm, " + ", ".join(DEFAULT_ALGORITHMS) + " or one of the configuration"


def add_algorithm(parser: Parser, meaning: str) -> None:
    """Declare ``--algorithm`` of the built-in ones or of the configuration."""
    parser.add_argument(
        "--algorithm", default=DEFAULT_ALGORITHMS[0], type=str.lower, metavar="NAME", help=meaning
    )
