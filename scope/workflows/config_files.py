"""The generated files of a configuration, and what a run here would have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from scope.config import load_config
from scope.errors import NotFoundError


def check_config(config_path: Path | None, report: Callable[[str], None]) -> None:
    """Read the configuration of the working directory, or of a file, and report its hash.

    Raises
    ------
    ConfigError
        If it cannot be used.
    """
    config = load_config(config_path=config_path)
    report(f"configuration is fine; hash of what decides numbers: {config.config_hash[:12]}")


def generate_config(folder: Path, report: Callable[[str], None]) -> None:
    """Write the files that are generated from the declarations, and say which changed.

    Raises
    ------
    NotFoundError
        If there is no such folder.
    """
    from scope.config.generate import generate

    if not folder.is_dir():
        raise NotFoundError(
            "no folder for the generated files",
            value=str(folder),
            todo="name the config folder of a checkout with --output",
        )
    changed = generate(folder)
    for path in changed:
        report(f"wrote {path}")
    if not changed:
        report(f"all files in {folder} are up to date")
