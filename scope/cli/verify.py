"""``scope verify``: read products to the last byte and say what they are."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from scope.cli.arguments import Parser
from scope.errors import InputError
from scope.io import iter_batches, read_ids, read_metadata, read_schema


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope verify``."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="Parquet products")


def run(options: argparse.Namespace) -> None:
    """Verify each file; the first fault ends the command."""
    for file in options.files:
        print(verify(file))


def verify(path: str | Path) -> str:
    """Read a product whole, with the checksums of its pages, and describe it in one line.

    Raises
    ------
    NotFoundError, CorruptFileError
        If it is not there or cannot be read to its end.
    InputError
        If its ids do not ascend, or it does not say which stages made it.
    """
    schema, metadata = read_schema(path), read_metadata(path)
    stages = metadata.get("stages")
    if not stages:
        raise InputError(
            "file that does not say what made it",
            value=str(path),
            allowed="a product of this package",
        )
    rows = sum(piece.num_rows for piece in iter_batches(path))
    if "_id" in schema.names:
        steps = np.diff(read_ids(path))
        if np.any(steps <= 0):
            row = int(np.argmax(steps <= 0)) + 1
            raise InputError(
                "product whose ids do not ascend", value=f"{path}, row {row}", todo="make it again"
            )
    made = ", ".join(f"{name} {version}" for name, version in stages.items())
    return f"{path}: {rows:,} rows, {len(schema)} columns, made by {made}"
