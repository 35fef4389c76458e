"""What a folder of light curves will take: time, memory and disk, before anything is run.

Rows and epochs are counted in the files. The cost of features, nearly all of the whole, is
measured on this machine with a sample of them; what the other rules cost is as measured in
docs/scale.md.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.config.model import Config
from scope.errors import NotFoundError
from scope.features.generate_features import generate_features
from scope.io import read_table, write_table
from scope.surveys.layout import ArchiveFile, find_files
from scope.targets.needs import NEEDS

OTHER_RULES_SECONDS = 0.00066
"""CPU time of all rules but the features, per light curve (docs/scale.md, 995,640 of them)."""

PRODUCT_BYTES = 2_100
"""Disk of all products, per light curve, with 29 classes (docs/scale.md)."""

_SAMPLED_FILES = 8
_LIGHT_CURVE = (
    *("objectid", "filterid", "fieldid", "rcid", "objra", "objdec"),
    *("hmjd", "mag", "magerr", "catflags"),
)


@dataclass(frozen=True)
class FieldSize:
    """Size of a field in the archive.

    Attributes
    ----------
    field, quadrants, light_curves : int
    searched : int
        Light curves with enough epochs, before bad ones are removed: at most so many have
        features.
    mean_epochs : float
        Of these.
    largest_quadrant : int
        Light curves of the largest quadrant.
    """

    field: int
    quadrants: int
    light_curves: int
    searched: int
    mean_epochs: float
    largest_quadrant: int

    def core_seconds(self, seconds_per_light_curve: float) -> float:
        """Return the CPU time of all rules [s], if features of one take so long."""
        return self.searched * seconds_per_light_curve + self.light_curves * OTHER_RULES_SECONDS

    def product_bytes(self) -> int:
        """Return the disk that its products take."""
        return self.light_curves * PRODUCT_BYTES

    def memory_mb(self, threads: int) -> int:
        """Return the memory of its largest job, without room for another attempt."""
        return max(
            NEEDS[rule].megabytes(self.largest_quadrant, threads=threads)
            for rule in ("fetch_lightcurves", "compute_features")
        )


@dataclass(frozen=True)
class Measurement:
    """Times that features take on this machine.

    Attributes
    ----------
    light_curves : int
        Of the sample, all with enough epochs.
    seconds : float
        Of one core per light curve.
    with_features : float
        Share of the sample that has features once bad epochs are gone.
    """

    light_curves: int
    seconds: float
    with_features: float


def measure_fields(
    folder: str | Path,
    *,
    min_epochs: int,
    release: str | int | None = None,
    fields: Sequence[int] | None = None,
) -> list[FieldSize]:
    """Count what an archive holds, by field.

    Raises
    ------
    NotFoundError
        If there is no such folder, no file in it, or none of a field.
    CorruptFileError, MissingColumnError
    """
    by_field: dict[int, list[ArchiveFile]] = {}
    for file in find_files(Path(folder), release):
        by_field.setdefault(file.field, []).append(file)
    absent = set(fields or ()) - set(by_field)
    if absent:
        raise NotFoundError(
            "no such field in the archive",
            value=", ".join(map(str, sorted(absent))),
            allowed=sorted(by_field),
        )
    chosen = sorted(fields or by_field)
    return [_size(field, by_field[field], min_epochs) for field in chosen]


def measure_seconds(
    folder: str | Path,
    config: Config,
    *,
    light_curves: int,
    fields: Sequence[int] | None = None,
) -> Measurement:
    """Compute the features of some light curves with one thread, and say how long it took.

    They are spread evenly over rows with enough epochs of files that are spread evenly over
    the archive. Starting and compiling are not counted. Nothing is kept.

    Raises
    ------
    NotFoundError
        If no light curve has enough epochs.
    BackendError
        If the configured backend is not there.
    """
    files = [
        file
        for file in find_files(Path(folder), config.data_release)
        if fields is None or file.field in fields
    ]
    cleaning = config.cleaning_options()
    sample = _sample(_spread(files, _SAMPLED_FILES), cleaning.min_epochs, light_curves)
    with tempfile.TemporaryDirectory(prefix="scope-estimate-") as name:
        taken = []
        # The first time it is compiled.
        for part in (sample.slice(0, 2), sample):
            write_table(part, Path(name, "sample.parquet"), {})
            begun = time.process_time()
            summary = generate_features(
                Path(name, "sample.parquet"),
                Path(name, "features.parquet"),
                cleaning=cleaning,
                options=config.feature_options(),
                backend=config.backend(),
                workers=1,
            )
            taken.append(time.process_time() - begun)
    size = sample.num_rows
    return Measurement(size, taken[-1] / size, summary.with_features / size)


def _size(field: int, files: Sequence[ArchiveFile], min_epochs: int) -> FieldSize:
    rows: dict[tuple[int, int], int] = {}
    searched, epochs = 0, 0
    for file in files:
        counts = _epochs(file)
        enough = counts[counts >= min_epochs]
        searched, epochs = searched + len(enough), epochs + int(enough.sum())
        unit = (file.ccd, file.quad)
        rows[unit] = rows.get(unit, 0) + len(counts)
    mean = epochs / searched if searched else 0.0
    return FieldSize(field, len(rows), sum(rows.values()), searched, mean, max(rows.values()))


def _epochs(file: ArchiveFile) -> npt.NDArray[np.int64]:
    return np.asarray(read_table(file.path, ["nepochs"]).column("nepochs"), dtype=np.int64)


def _sample(files: Sequence[ArchiveFile], min_epochs: int, size: int) -> pa.Table:
    parts = []
    for file in files:
        rows = np.flatnonzero(_epochs(file) >= min_epochs)
        wanted = rows[_evenly(len(rows), -(-size // len(files)))]
        if len(wanted):
            parts.append(read_table(file.path, _LIGHT_CURVE).take(pa.array(wanted)))
    if not parts:
        raise NotFoundError(
            "no light curve with enough epochs",
            value=", ".join(str(file.path) for file in files),
            allowed=f"{min_epochs} epochs or more (feature_generation.min_n_lc_points)",
        )
    return pa.concat_tables(parts, promote_options="permissive")


def _spread(files: Sequence[ArchiveFile], number: int) -> list[ArchiveFile]:
    return [files[place] for place in _evenly(len(files), number)]


def _evenly(size: int, number: int) -> npt.NDArray[np.int64]:
    """Return so many places of `size`, or all, evenly spread."""
    return np.unique(np.linspace(0, max(size - 1, 0), min(size, number)).round().astype(np.int64))
