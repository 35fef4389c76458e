"""What an archive will take, before anything is run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from scope.errors import UsageError
from scope.runs.status_table import duration

if TYPE_CHECKING:
    from scope.targets.estimate import FieldSize, Measurement


def estimate(
    archive: str | None,
    report: Callable[[str], None],
    *,
    fields: Sequence[int] | None = None,
    cores: int = 1,
    sample: int = 64,
    config_path: str | None = None,
) -> None:
    """Count light curves, measure some on this machine, and report time, memory and disk.

    Parameters
    ----------
    archive : str, optional
        Folder of light curves; by default the configured one.
    report : callable
        Gets what is to be said, line by line.
    fields : sequence of int, optional
        Fields; by default all there.
    cores : int
        Cores to use.
    sample : int
        Light curves to measure with.
    config_path : str, optional
        Configuration file to use.

    Raises
    ------
    UsageError
        If no archive is named or configured.
    ScopeError
        If the archive or the configuration cannot be used.
    """
    from scope.config.load import load_config
    from scope.targets.estimate import measure_fields, measure_seconds

    config = load_config(config_path=config_path)
    place = archive or config.archive
    if place is None:
        raise UsageError("estimate of what", todo="name a folder of light curves with --archive")
    least = config.cleaning_options().min_epochs
    sizes = measure_fields(place, min_epochs=least, release=config.data_release, fields=fields)
    measured = measure_seconds(place, config, light_curves=sample, fields=fields)
    for line in _lines(sizes, measured, cores, least):
        report(line)


def _lines(sizes: list[FieldSize], measured: Measurement, cores: int, least: int) -> Iterator[str]:
    yield (
        f"{measured.light_curves} light curves measured here: {1000 * measured.seconds:.1f} ms of "
        f"a core each, {100 * measured.with_features:.0f} % have features"
    )
    yield ""
    searched = f">= {least} epochs"
    yield (
        f"{'field':<8}{'quadrants':>10}{'light curves':>14}{searched:>14}{'mean epochs':>13}"
        f"{'core hours':>12}{f'on {cores} cores':>14}{'products':>10}"
    )
    total = [0.0, 0.0]
    for size in sizes:
        seconds, disk = size.core_seconds(measured.seconds), size.product_bytes()
        total = [total[0] + seconds, total[1] + disk]
        yield (
            f"{size.field:<8}{size.quadrants:>10}{size.light_curves:>14,}{size.searched:>14,}"
            f"{size.mean_epochs:>13.0f}{seconds / 3600:>12.2f}{duration(seconds / cores):>14}"
            f"{_bytes(disk):>10}"
        )
    yield ""
    yield (
        f"all: {total[0] / 3600:.2f} core hours, {duration(total[0] / cores)} on {cores} cores if "
        f"all are busy; {_bytes(total[1])} of products, and the light curves of the quadrants in "
        f"work beside them; {max(size.memory_mb(cores) for size in sizes):,} MB for the largest job"
    )


def _bytes(number: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} TB"
