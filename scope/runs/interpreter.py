"""What jobs run in: an interpreter that can stand in a command line as it is, and an image."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from scope.errors import UsageError
from scope.provenance import hash_json


def plain_interpreter(executable: str | None = None) -> str:
    """Return a path of an interpreter that bash takes for one word.

    Snakemake writes the path of Python into its commands without quotes, so that no job could
    start in an environment whose path has a blank. Such a one is named by a link to its folder,
    in the user's cache, which the nodes of a cluster see like the environment itself.

    Parameters
    ----------
    executable : str, optional
        This process's by default.

    Raises
    ------
    UsageError
        If no folder for the link has a plain path either.
    """
    path = Path(executable or sys.executable)
    if shlex.quote(str(path)) == str(path):
        return str(path)
    # The folder of the environment, not the file: Python looks for it beside the path.
    folder = path.parent.parent.absolute()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    for place in (cache / "scope", Path(tempfile.gettempdir()) / f"scope-{os.getuid()}"):
        link = place / f"environment-{hash_json(str(folder))[:12]}"
        if shlex.quote(str(link)) == str(link) and _linked(link, folder):
            return str(link / path.parent.name / path.name)
    raise UsageError(
        "environment whose path has a blank or another special character",
        value=str(path),
        todo="set XDG_CACHE_HOME to a folder of your own whose path has none, or move the checkout",
    )


def image_path(checkout: str | Path, methods: Iterable[object]) -> str | None:
    """Return where the image is that jobs can run in, or None for runs without one.

    Snakemake takes no image from a path with a blank, and words in braces for wildcards: runs
    that use none would end there, too.

    Parameters
    ----------
    checkout : path
    methods : iterable
        Snakemake's ways to deploy software that the run was told to use, such as ``apptainer``.
    """
    path = f"{checkout}/envs/scope.sif"
    wanted = "apptainer" in map(str, methods)
    return path if wanted or shlex.quote(path) == path else None


def _linked(link: Path, folder: Path) -> bool:
    """Whether a link to a folder is there, or could be made."""
    try:
        link.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if link.parent.stat().st_uid != os.getuid():
            return False
        if not link.is_symlink():
            temporary = link.with_name(f"{link.name}.{os.getpid()}")
            temporary.symlink_to(folder)
            temporary.replace(link)
        return Path(os.readlink(link)) == folder
    except OSError:
        return False
