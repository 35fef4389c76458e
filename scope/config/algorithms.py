"""Names of algorithms: built in, or of the configuration."""

from __future__ import annotations

from scope.config.load import load_config
from scope.errors import UsageError
from scope.plugins import ALGORITHMS


def known_algorithm(name: str, config_path: str | None = None) -> str:
    """Return the name of an algorithm, which may stand in the configuration.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    if name not in ALGORITHMS:
        # Reading it registers those that it names.
        load_config(config_path=config_path)
    if name not in ALGORITHMS:
        raise UsageError("--algorithm", value=name, allowed=ALGORITHMS)
    return name
