"""What a job asks SLURM for, checked before anything is written or submitted."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from scope.errors import UsageError

NO_LIMIT = math.inf
"""Minutes of a time without a limit."""

_DURATION = re.compile(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?", re.ASCII)
_DAYS = re.compile(r"\d+-", re.ASCII)
_UNLIMITED = ("UNLIMITED", "INFINITE", "-1")

_NAME = re.compile(r"[\w@+=][\w.@:/+=,-]*")
_JOB_NAME = re.compile(r"[\w@+=][\w.@:+=,-]*")
_NAME_ALLOWED = "letters, digits and . _ - + = @ : , and no blanks, quotes or line ends"


@dataclass(frozen=True)
class Allocation:
    """Resources that a job asks SLURM for; None leaves it to the cluster.

    Attributes
    ----------
    partition, account : str or None
    memory_gb : float or None
    time : str or None
        As SLURM writes it: ``48:00:00``, ``2-00:00:00``.
    nodes, cores, gpus : int
    mail_user : str or None
        Who is told of its end.

    Raises
    ------
    UsageError
        If a name or the time is none that SLURM could take.
    """

    partition: str | None = None
    account: str | None = None
    memory_gb: float | None = None
    time: str | None = None
    nodes: int = 1
    cores: int = 1
    gpus: int = 0
    mail_user: str | None = None

    def __post_init__(self) -> None:
        check_names(partition=self.partition, account=self.account, mail_user=self.mail_user)
        if self.time is not None:
            minutes_of(self.time)


def check_names(**names: str | None) -> None:
    """Make sure that names of partitions, accounts and people are such.

    Raises
    ------
    UsageError
        If one could end the line that it is written into, or be taken for an option.
    """
    for what, name in names.items():
        if name is not None and not _NAME.fullmatch(name):
            raise UsageError(
                f"{what.replace('_', ' ')} that SLURM cannot be given",
                value=name,
                allowed=_NAME_ALLOWED.replace(": ,", ": / ,"),
            )


def check_job_name(name: str) -> None:
    """Make sure that a job's name can be part of a directive and of a file's name.

    Raises
    ------
    UsageError
        If it cannot.
    """
    if not _JOB_NAME.fullmatch(name):
        raise UsageError("job name that SLURM cannot be given", value=name, allowed=_NAME_ALLOWED)


def output_pattern(folder: str | Path, name: str) -> str:
    """Return what ``--output`` says for a pattern of names in a folder.

    Parameters
    ----------
    folder : path
    name : str
        With SLURM's placeholders, such as ``%x-%j.out``.

    Raises
    ------
    UsageError
        If SLURM cannot write there: it drops backslashes, whatever quotes are around them, and
        a directive ends with its line.
    """
    path = str(Path(folder).absolute())
    if "\\" in path or not path.isprintable():
        raise UsageError(
            "folder that SLURM cannot write the output of jobs to",
            value=path,
            allowed="a path without backslashes, line ends and other control characters",
            todo="run it in another folder, or name another one with --dirname",
        )
    return f"{path.replace('%', '%%')}/{name}"


def minutes_of(time: str) -> float:
    """Return a time as SLURM writes it in minutes, rounded up to whole ones.

    ``90`` and ``90:00`` are minutes, ``1:30:00`` hours, ``1-12`` and ``1-12:00:00`` days
    and hours; 0, ``00:00:00``, ``UNLIMITED`` and ``INFINITE`` are `NO_LIMIT`.

    Raises
    ------
    UsageError
        If it is none.
    """
    if time.upper() in _UNLIMITED:
        return NO_LIMIT
    # `1-` is a day.
    match = _DURATION.fullmatch(f"{time}0" if _DAYS.fullmatch(time) else time)
    if match is None:
        raise UsageError(
            "time that SLURM does not know",
            value=time,
            allowed="minutes, M:S, H:M:S, D-H:M:S, or UNLIMITED",
        )
    days, *rest = match.groups()
    parts = [int(part) for part in rest if part is not None]
    if days is not None:
        hours, minutes, seconds = (*parts, 0, 0)[:3]
    elif len(parts) < 3:
        hours, (minutes, seconds) = 0, (*parts, 0)[:2]
    else:
        hours, minutes, seconds = parts
    total = 1440 * int(days or 0) + 60 * hours + minutes + math.ceil(seconds / 60)
    return total or NO_LIMIT
