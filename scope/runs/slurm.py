"""Calls of SLURM's commands."""

from __future__ import annotations

import shutil
import subprocess

from scope.errors import ServiceError

_SECONDS_PER_CALL = 60.0


def has_slurm() -> bool:
    """Whether this machine has SLURM's commands."""
    return shutil.which("squeue") is not None


def call(*command: str, check: bool = True, seconds: float = _SECONDS_PER_CALL) -> str:
    """Run a command of SLURM and return what it prints.

    It may take `seconds`.

    Raises
    ------
    ServiceError
        If it cannot be run, does not answer, or, with `check`, fails.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ServiceError(f"cannot ask SLURM: {error}", todo="try again later") from None
    if check and done.returncode != 0:
        raise ServiceError(
            f"{command[0]} failed",
            value=(done.stderr or done.stdout).strip(),
            todo="try again later, or correct what it names",
        )
    return done.stdout


def is_queued(job: str) -> bool:
    """Whether a job of this user has not ended.

    Raises
    ------
    ServiceError
        If SLURM does not answer.
    """
    return job in call("squeue", "--me", "--noheader", "--format", "%A").split()
