"""Light curves of a target in which nothing can be found.

A sample of the target's own light curves is shuffled, and drawn anew as white noise
(`scope.lightcurves.nulls`). The idea is that of decoys in a search (Elias & Gygi 2007, Nature
Methods 4, 207): as many of the real rows as of these would be found if there were nothing to find.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scope.catalog.field_check import KINDS
from scope.errors import InputError
from scope.features.crossmatch_catalogues import crossmatch_columns
from scope.io import TableWriter, iter_batches, read_metadata, read_schema
from scope.lightcurves.cleaning import CleaningOptions
from scope.lightcurves.curves import LightCurves
from scope.lightcurves.files import CleanedLightCurves, cleaned_table
from scope.lightcurves.nulls import NULLS, draw_fraction
from scope.provenance import record
from scope.schema import KEY_COLUMNS, Column, arrow_schema, key_columns, lightcurve_schema
from scope.surveys.base import Survey
from scope.surveys.cleaned_by_id import cleaned_by_id

_log = logging.getLogger(__name__)

NULL_COLUMNS = (
    Column("null", "string", "", False, "How the magnitudes were made: " + ", ".join(KINDS)),
    Column("of", "int64", "", False, "Survey id of the light curve that gave the epochs"),
)


@dataclass(frozen=True)
class SampleOptions:
    """Numbers of light curves of a target that are sampled, the first by the hashes of their ids.

    Attributes
    ----------
    rows : int
        At most.
    share : float
        Of the light curves with features, where that is less.
    least : int
        At least, where there are as many.
    seed : int
        Of the draw, and of the random numbers of the nulls.
    """

    rows: int = 1000
    share: float = 0.05
    least: int = 200
    seed: int = 1

    def size(self, light_curves: int) -> int:
        """Return the size of the sample of so many light curves."""
        wanted = max(self.least, math.ceil(self.share * light_curves))
        return min(wanted, self.rows, light_curves)


def fetch_nulls(
    features: Sequence[str | Path],
    surveys: Sequence[Survey],
    output: str | Path,
    *,
    cleaning: CleaningOptions,
    sample: SampleOptions | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Write the null light curves of a target.

    Which light curves are drawn, and what is made of each, depends on their ids and the
    options alone: not on the number of units, nor on the order of rows.

    Parameters
    ----------
    features : sequence of path
        The target's files of features; light curves with a reason are left aside.
    surveys : sequence of Survey
        Where light curves are looked for, one after the other.
    output : path
        Gets a row per null: ``_id`` (a running number), `NULL_COLUMNS`, the columns of a
        file of cleaned light curves, and place and cross-matches of the real one. Empty
        where the target has no features.
    cleaning : CleaningOptions
        As for the features.
    sample : SampleOptions, optional
    facts : mapping, optional
        Further facts for the record of `output`.

    Raises
    ------
    InputError
        If there are no files, or no survey to look in.
    """
    sample = sample or SampleOptions()
    if not features or not surveys:
        raise InputError("nulls of nothing", allowed="files of features, and a survey")
    drawn = _drawn(features, sample)
    ids = drawn.column("_id").to_numpy()
    curves, reasons = cleaned_by_id(surveys, ids, cleaning)
    metadata = record(
        "nulls",
        [read_metadata(path) for path in features],
        **{**(facts or {}), "null_sample": asdict(sample)},
    )
    with TableWriter(output, _schema(curves, drawn.schema.names), metadata) as writer:
        for number, kind in enumerate(KINDS):
            made = NULLS[kind](curves, sample.seed)
            writer.write(_null_table(kind, number * len(ids), made, reasons, drawn))
    _log.info("%d light curves drawn, %d nulls", len(ids), writer.rows)


def _carried(names: Sequence[str]) -> list[str]:
    """Return the columns that a null has of its light curve: place and cross-matches."""
    keys = [column.name for column in key_columns(names) if column.name not in ("_id", "obj_id")]
    return [*keys, *(column.name for column in crossmatch_columns())]


def _drawn(features: Sequence[str | Path], sample: SampleOptions) -> pa.Table:
    """Return ids, places and cross-matches of the sample, by id."""
    names = ["_id", "reason"]
    pieces = [piece for path in features for piece in iter_batches(path, names)]
    ids = np.concatenate(
        [p.filter(p.column("reason").is_null()).column("_id").to_numpy() for p in pieces]
        or [np.empty(0, dtype=np.int64)]
    )
    size = sample.size(len(ids))
    order = np.lexsort((ids, draw_fraction(ids, sample.seed)))
    chosen = pa.array(np.sort(ids[order[:size]]), pa.int64())
    found = []
    for path in features:
        schema = read_schema(path)
        kept = ["_id", *_carried(schema.names)]
        # Of a list of which nothing was found there are no pieces.
        found.append(pa.schema([schema.field(name) for name in kept]).empty_table())
        found += [p.filter(pc.is_in(p.column("_id"), chosen)) for p in iter_batches(path, kept)]
    return pa.concat_tables([part.replace_schema_metadata(None) for part in found]).sort_by("_id")


def _schema(curves: LightCurves, names: Sequence[str]) -> pa.Schema:
    kind = "float32" if curves.mag.dtype == curves.magerr.dtype == np.float32 else "float64"
    further = [c for c in (*KEY_COLUMNS, *crossmatch_columns()) if c.name in _carried(names)]
    return arrow_schema([*lightcurve_schema(kind), *NULL_COLUMNS, *further])


def _null_table(
    kind: str,
    first: int,
    curves: LightCurves,
    reasons: npt.NDArray[np.object_],
    drawn: pa.Table,
) -> pa.Table:
    table = cleaned_table(CleanedLightCurves(curves, curves.n_epochs, reasons))
    table = table.set_column(0, "_id", pa.array(first + np.arange(len(curves), dtype=np.int64)))
    table = table.append_column("null", pa.array([kind] * len(curves), pa.string()))
    table = table.append_column("of", drawn.column("_id"))
    for name in _carried(drawn.schema.names):
        table = table.append_column(name, drawn.column(name))
    return table
