"""Paths of a run: those that Snakemake would read as patterns, and those beside a product."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from scope.errors import UsageError

T = TypeVar("T")

# What Snakemake takes for a wildcard; there is no way to write such a name so that it does not.
_WILDCARD = re.compile(r"\{\s*\w+\s*(,.*)?\}")


def without_wildcards(names: T) -> T:
    """Return names of files for Snakemake, if it will take them for what they are.

    Parameters
    ----------
    names : path, list of path, or anything else, which is returned as it is

    Raises
    ------
    UsageError
        If one holds a word in braces.
    """
    for name in names if isinstance(names, list | tuple) else (names,):
        if isinstance(name, str | Path) and "{" in str(name) and _WILDCARD.search(str(name)):
            raise UsageError(
                "path with a word in braces, which Snakemake takes for a wildcard",
                value=str(name),
                allowed="paths without {word}",
                todo="name it by a link: ln -s FOLDER OTHER_NAME",
            )
    return names


def units_beside(products: Iterable[str | Path], folder: str) -> list[Path]:
    """Return the files of a step that products were made of, ``../<folder>/<target>/*.parquet``.

    Parameters
    ----------
    products : iterable of path
        ``results/<step>/<target>.parquet``; nothing is beside a file that lies elsewhere.
    folder : str
        Of the step, such as ``features``.
    """
    # A name alone has no folder above it.
    paths = [Path(product).absolute() for product in products]
    return [
        unit
        for path in paths
        for unit in sorted((path.parent.parent / folder / path.stem).glob("*.parquet"))
    ]
