"""Paths that Snakemake would read as patterns."""

from __future__ import annotations

import re
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
