"""``scope estimate``: what an archive will take, before anything is run."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from scope.cli.arguments import Parser, available_cpus, positive_int
from scope.cli.status import duration
from scope.errors import UsageError

if TYPE_CHECKING:
    from scope.targets.estimate import FieldSize, Measurement


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope estimate``."""
    parser.add_argument(
        "--archive", metavar="FOLDER", help="folder of light curves; by default the configured one"
    )
    parser.add_argument(
        "--fields", nargs="+", type=positive_int, metavar="N", help="fields; by default all there"
    )
    parser.add_argument(
        "--cores", type=positive_int, default=available_cpus(), metavar="N", help="cores to use"
    )
    parser.add_argument(
        "--sample",
        type=positive_int,
        default=64,
        metavar="N",
        help="light curves to measure with on this machine",
    )
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")


def run(options: argparse.Namespace) -> None:
    """Count, measure, and print a line per field and the sum."""
    from scope.config.load import load_config
    from scope.targets.estimate import measure_fields, measure_seconds

    config = load_config(config_path=options.config_path)
    archive = options.archive or config.archive
    if archive is None:
        raise UsageError("estimate of what", todo="name a folder of light curves with --archive")
    least = config.cleaning_options().min_epochs
    sizes = measure_fields(
        archive, min_epochs=least, release=config.data_release, fields=options.fields
    )
    measured = measure_seconds(archive, config, light_curves=options.sample, fields=options.fields)
    for line in _lines(sizes, measured, options.cores, least):
        print(line)


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
