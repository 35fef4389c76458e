"""The option that names an algorithm: whatever is registered, built in or by the configuration."""

from __future__ import annotations

from scope.cli.arguments import Parser
from scope.errors import UsageError
from scope.plugins import ALGORITHMS, DEFAULT_ALGORITHMS

WORDS = "an algorithm, " + ", ".join(DEFAULT_ALGORITHMS) + " or one of the configuration"


def add_algorithm(parser: Parser, meaning: str) -> None:
    """Declare ``--algorithm``; `check_algorithm` says, once it is read, whether it is one."""
    parser.add_argument(
        "--algorithm", default=DEFAULT_ALGORITHMS[0], type=str.lower, metavar="NAME", help=meaning
    )


def check_algorithm(name: str, config_path: str | None = None) -> str:
    """Return the name of an algorithm, which may stand in the configuration.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    if name not in ALGORITHMS:
        from scope.config.load import load_config

        load_config(config_path=config_path)
    if name not in ALGORITHMS:
        raise UsageError("--algorithm", value=name, allowed=ALGORITHMS)
    return name
