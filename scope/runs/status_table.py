"""The table of what is done, running, failed and left in the folder of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from scope.errors import NotFoundError
from scope.runs.status import Failure, RunStatus, run_status
from scope.targets.suggest import did_you_mean

_MOST_FAILURES = 20


def status_lines(directory: Path, targets: Sequence[str] = ()) -> list[str]:
    """Return the lines of the table of targets, all by default, then of the failures.

    Raises
    ------
    NotFoundError
        If no run has begun in the folder, or none had such a target.
    """
    status = run_status(directory)
    for target in targets:
        if target not in status.targets:
            raise NotFoundError(
                "no run here had this target",
                value=target,
                allowed=sorted(status.targets),
                todo=did_you_mean(target, status.targets),
            )
    chosen = list(targets) or sorted(status.targets)
    return [*_table(status, chosen), *_failures(status, chosen)]


def duration(seconds: float | None) -> str:
    """Return a time as people say it, in two units at most."""
    if seconds is None:
        return "-"
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{round(seconds)} s"
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _table(status: RunStatus, targets: list[str]) -> Iterator[str]:
    record = status.record
    yield f"latest run: {status.state}, since {record.began}, process {record.pid} on {record.host}"
    yield ""
    width = max([18, *map(len, targets)]) + 2
    yield f"{'target':<{width}}{'done':>8}{'running':>9}{'failed':>8}{'left':>8}{'remaining':>14}"
    for name in targets:
        target = status.targets[name]
        counts = f"{target.done:>8,}{target.running:>9,}{target.failed:>8,}{target.left:>8,}"
        yield f"{name:<{width}}{counts}{duration(target.seconds_left):>14}"


def _failures(status: RunStatus, targets: list[str]) -> Iterator[str]:
    failures = [each for each in status.failures if (each.job.target or "training") in targets]
    if not failures:
        return
    yield ""
    yield "failed"
    # The same words for many units are told once.
    counts = Counter((each.job.rule, _general(each)) for each in failures)
    first = {(each.job.rule, _general(each)): each for each in reversed(failures)}
    for key, count in counts.most_common(_MOST_FAILURES):
        failure = first[key]
        more = f" and {count - 1} more" if count > 1 else ""
        where = " ".join(part for part in (failure.job.target, failure.job.unit) if part)
        yield f"  {failure.job.rule} {where}{more}: {failure.message}"
        yield f"    {failure.log or 'no log: the job was killed before it could write one'}"
    if len(counts) > _MOST_FAILURES:
        yield f"  and {len(counts) - _MOST_FAILURES} other errors"


def _general(failure: Failure) -> str:
    """Return the message without what names the unit, so that equal errors count as one."""
    text = failure.message
    for part in (failure.job.unit, failure.job.target):
        text = text.replace(part, "…") if part else text
    return "".join("#" if letter.isdigit() else letter for letter in text)
