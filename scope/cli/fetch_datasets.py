"""``scope fetch-datasets``: training sets from where they are kept."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.cli.arguments import Parser
from scope.errors import ConfigError
from scope.services.download_files import Fetched, fetch


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope fetch-datasets``."""
    add_source(parser, "datasets")
    parser.add_argument(
        "--output", type=Path, default=Path("data"), help="folder that gets the files"
    )


def add_source(parser: Parser, what: str) -> None:
    """Declare the options that say where files are, and which are wanted."""
    parser.add_argument(
        "names", nargs="*", metavar="PATH", help="files or folders of the source; by default, all"
    )
    parser.add_argument(
        "--source",
        help=f"address, bucket or folder; by default downloads.{what} of the configuration",
    )
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")


def run(options: argparse.Namespace) -> None:
    """Fetch what is not there yet."""
    fetch_named(options, "datasets", options.output)


def fetch_named(options: argparse.Namespace, what: str, folder: Path) -> Fetched:
    """Fetch the files that the options name and say how many are new.

    Raises
    ------
    ConfigError
        If nothing says where from, or the source has nothing of a name.
    """
    from scope.config.load import load_config

    source = options.source
    if source is None:
        source = getattr(load_config(config_path=options.config_path).downloads, what)
    if source is None:
        raise ConfigError(
            f"{what} to fetch from nowhere",
            value=f"downloads.{what} is null",
            allowed="https://…, gs://<bucket>/…, s3://<bucket>/… or a folder, with SHA256SUMS",
            todo=f"set downloads.{what} in config.yaml, or give --source",
        )
    names = [name.strip("/") for name in options.names]

    def is_wanted(path: str) -> bool:
        return not names or any(path == name or path.startswith(f"{name}/") for name in names)

    found = fetch(source, folder, only=is_wanted, report=print)
    if not found.paths:
        raise ConfigError(
            f"source without {what} of that name",
            value=", ".join(names) or source,
            allowed="paths of SHA256SUMS",
        )
    print(f"{folder}: {len(found.paths)} files, {len(found.new)} of them new")
    return found
