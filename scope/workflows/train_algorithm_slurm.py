"""A batch script that trains each class of a training script in a job."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

from scope.errors import UsageError
from scope.io.shell_words import shell_words
from scope.runs.batch_scripts import BatchOptions, write_job

COMMAND = "scope-train"


def train_algorithm_slurm(
    scriptname: str, batch: BatchOptions, report: Callable[[str], None], *, sweep: bool = False
) -> None:
    """Write the batch script, and say how it is submitted.

    Parameters
    ----------
    scriptname : str
        Script of `scope.tasks.variables.training.create_training_script.create_training_script`.
    batch : BatchOptions
    report : callable
        Gets what is to be said, line by line.
    sweep : bool
        Search for the best settings of each class.

    Raises
    ------
    UsageError
        If there is no such script, or it trains nothing.
    """
    commands = training_commands(scriptname)
    python = batch.interpreter()
    lines = ["case $SLURM_ARRAY_TASK_ID in"]
    for number, words in enumerate(commands, 1):
        search = ["--run-sweeps"] if sweep else []
        lines.append(
            f"{number}) {shlex.join([python, '-m', 'scope.cli.train', *words, *search])} ;;"
        )
    lines.append("esac")
    write_job(batch, lines, batch.job_allocation(), report, array=len(commands))
    report(f"{len(commands)} classes")


def training_commands(path: str | Path) -> list[list[str]]:
    """Return the arguments of each training command of a script.

    Raises
    ------
    UsageError
        If there is no such script, or it trains nothing.
    InputError
        If one of its commands is not whole.
    """
    todo = f"write it with create-training-script --filename {path}"
    if not Path(path).is_file():
        raise UsageError("no such training script", value=str(path), todo=todo)
    found = []
    for line in Path(path).read_text(errors="replace").splitlines():
        if line.split()[:1] == [COMMAND]:
            found.append(shell_words(line, str(path))[1:])
    if not found:
        raise UsageError("script that trains nothing", value=str(path), todo=todo)
    return found
