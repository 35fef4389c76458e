"""The light curves of a star: of an archive with all points, else the cleaned ones kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from scope.desk.products import Target
from scope.desk.sql_text import files_sql
from scope.desk.table import StarTable
from scope.errors import ScopeError
from scope.lightcurves import LightCurves
from scope.lightcurves.cleaning import CleaningOptions, point_reasons
from scope.lightcurves.curves import HJD_OF_HMJD_ZERO
from scope.lightcurves.files import lightcurves_of
from scope.surveys.base import unit_name

CLEANED = "cleaned light curves of the run: the points that the features are made of"
OBSERVED = "light curves as observed; points that are not used are marked"


class CurveReader:
    """Looks light curves up.

    Parameters
    ----------
    targets : mapping of str to Target
    archive : Path or None
        Folder of bulk files. A simulation among the results is found by itself.
    cleaning : CleaningOptions
        What decides which points are used.
    only : path, optional
        File of cleaned light curves: nothing else is looked in, neither archives nor the run.
    """

    def __init__(
        self,
        table: StarTable,
        targets: Mapping[str, Target],
        archive: Path | None,
        cleaning: CleaningOptions,
        *,
        only: Path | None = None,
    ) -> None:
        self._table = table
        self._targets = targets
        self._archive = archive
        self.cleaning = cleaning
        self._only = only

    @cached_property
    def _archives(self) -> dict[str, list[Any]]:
        """The archives of each target; those that cannot be opened are passed over."""
        from scope.surveys.open import open_archive

        found: dict[str, list[Any]] = {}
        for name, target in self._targets.items() if self._only is None else ():
            folders = [] if self._archive is None else [self._archive]
            simulated = target.results / "simulation" / name
            folders += [simulated] if simulated.is_dir() else []
            for folder in folders:
                try:
                    found.setdefault(name, []).append(open_archive(folder))
                except ScopeError:
                    continue
        return found

    def read(self, target: str, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return the points of light curves, those without any left out.

        Parameters
        ----------
        target : str
        rows : sequence of mapping
            ``_id`` and, where known, ``ccd``, ``quad`` and ``filter``.

        Returns
        -------
        list of dict
            ``id``, ``filter``, ``source`` (words), ``time`` [HMJD], ``mag``, ``error``: lists;
            ``reason``: for each point why it is not used, None where it is.
        """
        bands = {int(row["_id"]): row.get("filter") for row in rows}
        ids = np.array(sorted(bands), dtype=np.int64)
        found: dict[int, dict[str, Any]] = {}
        for source, curves in self._curves(target, ids, rows):
            for one in _points_of(curves, source, self.cleaning):
                found.setdefault(one["id"], one)
            ids = np.array([i for i in ids.tolist() if i not in found], dtype=np.int64)
            if not len(ids):
                break
        return [{**one, "filter": bands[number]} for number, one in sorted(found.items())]

    def _curves(
        self, target: str, ids: Any, rows: Sequence[Mapping[str, Any]]
    ) -> Iterator[tuple[str, LightCurves]]:
        for archive in self._archives.get(target, ()):
            yield OBSERVED, archive.lightcurves(ids)
        for path in self._files(target, rows):
            listed = ", ".join(str(int(one)) for one in ids)
            table = self._table.ask(
                f"SELECT _id, hmjd, mag, magerr FROM {files_sql([path])} WHERE _id IN ({listed})"
            )
            yield CLEANED, lightcurves_of(_lists(table), path)

    def _files(self, target: str, rows: Sequence[Mapping[str, Any]]) -> list[Path]:
        """Return the files of the run that may have the points of light curves."""
        if self._only is not None:
            return [self._only]
        place = self._targets[target]
        examples = place.results / "examples" / f"{target}.parquet"
        return [*_unit_files(place, rows), *([examples] if examples.is_file() else [])]


def _unit_files(target: Target, rows: Sequence[Mapping[str, Any]]) -> list[Path]:
    """Return the files of light curves of the units that rows are of, or all."""
    files = {path.stem: path for path in target.files("lightcurves")}
    units = {
        unit_name(int(row["ccd"]), int(row["quad"]))
        for row in rows
        if row.get("ccd") is not None and row.get("quad") is not None
    }
    named = [files[unit] for unit in sorted(units) if unit in files]
    return named or list(files.values())


def _lists(table: pa.Table) -> pa.Table:
    """Return lists as the reader of light curves has them."""
    fields = [
        pa.field(field.name, pa.list_(field.type.value_type))
        if pa.types.is_list(field.type)
        else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))


def _points_of(
    curves: LightCurves, source: str, cleaning: CleaningOptions
) -> Iterator[dict[str, Any]]:
    reasons = (
        point_reasons(curves, cleaning)
        if source == OBSERVED
        else np.full(len(curves.time), None, dtype=object)
    )
    time = curves.time + (curves.time_zero_hjd - HJD_OF_HMJD_ZERO)
    for number, one in enumerate(curves.ids.tolist()):
        points = slice(int(curves.offsets[number]), int(curves.offsets[number + 1]))
        there = np.isfinite(time[points]) & np.isfinite(curves.mag[points].astype(float))
        if there.any():
            yield {
                "id": one,
                "source": source,
                "time": np.round(time[points][there], 6).tolist(),
                "mag": np.round(curves.mag[points][there].astype(float), 5).tolist(),
                "error": _finite(curves.magerr[points][there]),
                "reason": reasons[points][there].tolist(),
            }


def _finite(values: Any) -> list[float]:
    numbers = values.astype(float)
    return [float(x) for x in np.round(np.where(np.isfinite(numbers), numbers, 0.0), 5)]
