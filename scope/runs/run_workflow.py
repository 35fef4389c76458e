"""Run the workflow in the working directory, as ``snakemake`` would."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from scope.checkout import SNAKEFILE
from scope.errors import NotFoundError, ScopeError
from scope.io.atomic import write_bytes
from scope.provenance import hash_json

if TYPE_CHECKING:
    from scope.config.model import Config

SETTINGS = Path(".snakemake/scope/commands")
"""Folder of the configurations of commands, each named by its content.

Jobs read them while they run: one that another command could overwrite would not do.
"""

QUIET = ("host", "reason")


def run_workflow(
    products: Sequence[str | Path],
    config: Config,
    *,
    cores: int | None = 1,
    more: Sequence[str] = (),
) -> None:
    """Make products in the working directory, as ``snakemake`` with this configuration would.

    What is there already is not made again. Jobs and locks that a killed run left are
    cleared.

    Parameters
    ----------
    products : sequence of path
        Below ``results``.
    config : Config
        All settings; files of the working directory change none of them.
    cores : int or None
        None leaves it to the profile.
    more : sequence of str
        Further options of Snakemake, such as ``--profile slurm``. With any, it tells of each
        job: what goes wrong with one on another machine is not to be seen otherwise.

    Raises
    ------
    NotFoundError
        If the library is not part of a checkout, which holds the workflow.
    ScopeError
        If a run is at work here, or the workflow fails; its messages are printed.
    """
    from scope.targets.plan import Plan

    if not SNAKEFILE.is_file():
        raise NotFoundError(
            "no Snakefile beside the library",
            value=str(SNAKEFILE),
            todo="install from a checkout, `pip install --editable CHECKOUT`",
        )
    Plan(config).check_paths()
    settings = write_json(config.model_dump(mode="json"), SETTINGS, "config")
    arguments = [
        *("--snakefile", str(SNAKEFILE), "--configfile", str(settings)),
        *(() if cores is None else ("--cores", str(cores))),
        *("--quiet", *QUIET, *(() if more else ("rules",)), *more, "--", *map(str, products)),
    ]
    if run_snakemake_here(arguments, sys.stderr) != 0:
        raise ScopeError(
            "the workflow failed",
            value=", ".join(map(str, products)),
            todo="read the messages above and the files in logs/; the same command goes on "
            "where it stopped",
        )


def write_json(content: Mapping[str, Any], folder: str | Path, name: str) -> Path:
    """Write ``<folder>/<name>-<hash>.json``, named by its content, and return its path."""
    path = Path(folder) / f"{name}-{hash_json(content)[:12]}.json"
    write_bytes(json.dumps(content, indent=1).encode(), path)
    return path


def run_given(arguments: Sequence[str]) -> int:
    """Run Snakemake here with options of a user, and return its exit status."""
    return run_snakemake_here(with_snakefile(arguments))


def resume_given(arguments: Sequence[str]) -> int:
    """Go on where a run was killed, with options of a user; return Snakemake's exit status."""
    from scope.runs.resume import resume

    return resume(with_snakefile(arguments))


def with_snakefile(arguments: Sequence[str]) -> list[str]:
    """Return options of Snakemake with our workflow, where they and this folder name none."""
    named = any(
        word in ("-s", "--snakefile") or word.startswith("--snakefile=") for word in arguments
    )
    if named or any(Path(name).is_file() for name in ("Snakefile", "workflow/Snakefile")):
        return list(arguments)
    # In front: what follows `--` are names of files.
    return ["--snakefile", str(SNAKEFILE), *arguments]


def run_snakemake_here(arguments: Sequence[str], output: IO[str] | None = None) -> int:
    """Run Snakemake in the working directory, and return its exit status.

    Where a dead run left its lock, what it left is cleared first. An interrupt from the
    keyboard reaches Snakemake once, which ends its jobs and takes its lock away.

    Parameters
    ----------
    arguments : sequence of str
        Snakemake's, without ``--directory``.
    output : file, optional
        For what it prints besides its messages; by default this process's output.
    """
    from scope.runs.resume import resume, run_snakemake

    locked = any(Path(".snakemake/locks").glob("*"))
    return (resume if locked else run_snakemake)(arguments, output)
