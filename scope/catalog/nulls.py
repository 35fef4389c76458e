"""Light curves of a target in which nothing can be found, and what the models say of them.

A sample of the target's own light curves is shuffled, and drawn anew as white noise
(`scope.lightcurves.nulls`); both go through the same features, preparation and models as the
real ones. The idea is that of decoys in a search (Elias & Gygi 2007, Nature Methods 4, 207):
as many of the real rows as of these would be found if there were nothing to find.
"""

from __future__ import annotations

import logging
import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scope.catalog.field_check import KINDS
from scope.catalog.infer_file import infer_files
from scope.errors import InputError
from scope.features.compute_features import write_features
from scope.features.crossmatch_catalogues import crossmatch_columns
from scope.features.options import FeatureOptions
from scope.features.unit_rows import Rows
from scope.io import TableWriter, iter_batches, read_metadata, read_schema, read_table
from scope.lightcurves.cleaning import CleaningOptions
from scope.lightcurves.curves import LightCurves
from scope.lightcurves.files import CleanedLightCurves, cleaned_table, lightcurves_of
from scope.lightcurves.nulls import NULLS, draw_fraction
from scope.plugins import ALGORITHMS
from scope.provenance import record
from scope.schema import (
    ALIAS_TREND,
    KEY_COLUMNS,
    Column,
    arrow_schema,
    key_columns,
    lightcurve_schema,
)
from scope.surveys.base import Survey
from scope.surveys.fetch import cleaned_by_id
from scope.tasks.variables.bundles.model_bundle import ModelBundle

_log = logging.getLogger(__name__)

NULL_COLUMNS = (
    Column("null", "string", "", False, "How the magnitudes were made: " + ", ".join(KINDS)),
    Column("of", "int64", "", False, "Survey id of the light curve that gave the epochs"),
)
_PIECE_ROWS = 512


@dataclass(frozen=True)
class SampleOptions:
    """How many light curves of a target are sampled, the first by the hashes of their ids.

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


def score_nulls(
    nulls: str | Path,
    output: str | Path,
    *,
    bundles: Sequence[ModelBundle],
    options: FeatureOptions | None = None,
    backend: str = "cpu",
    workers: int = 1,
    classes: Sequence[str] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Compute the features of nulls and score them, by the functions of the real rows.

    Parameters
    ----------
    nulls : path
        See `fetch_nulls`.
    output : path
        Gets a row per null: ``_id``, `NULL_COLUMNS`, ``alias_trend``, ``reason`` and the scores
        of all bundles, null where there is a reason.
    bundles : sequence of ModelBundle
        One per algorithm.
    options, backend, workers
        Of `scope.features.compute_features.write_features`, as for the real rows.
    classes : sequence of str, optional
        Class tags; all by default.
    facts : mapping, optional
        Further facts for the record of `output`.

    Raises
    ------
    ScopeError
        As of the stages.
    """
    options = options or FeatureOptions()
    upstream = read_metadata(nulls)
    output = Path(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    own = {"bundle": {bundle.algorithm: bundle.identity for bundle in bundles}}
    metadata = record("nulls", upstream, **{**(facts or {}), **own})
    with tempfile.TemporaryDirectory(prefix=f".{output.name}.", dir=output.parent) as name:
        features = Path(name) / "features.parquet"
        about = record(
            "features", upstream, **{**(facts or {}), **options.facts(), "backend": backend}
        )
        write_features(
            lambda: _rows(nulls),
            features,
            options=options,
            backend=backend,
            workers=workers,
            metadata=about,
            keys=key_columns(read_schema(nulls).names),
        )
        found = read_table(nulls, ["_id", *(column.name for column in NULL_COLUMNS)])
        for number, bundle in enumerate(bundles):
            path = Path(name) / f"{bundle.algorithm}.parquet"
            infer_files([features], path, bundle=bundle, classes=classes, workers=workers)
            found = _with_scores(found, read_table(path), bundle.algorithm, first=number == 0)
        with TableWriter(output, _score_schema(found.schema), metadata) as writer:
            writer.write(found)


def _rows(nulls: str | Path) -> Iterator[Rows]:
    """Yield nulls as rows whose features are to be computed, each a star by itself."""
    names = [column.name for column in KEY_COLUMNS if column.name not in ("_id", "obj_id")]
    matches = [column.name for column in crossmatch_columns()]
    for piece in iter_batches(nulls, rows=_PIECE_ROWS):
        # Two nulls of one light curve lie at one place; no search may take them for one star.
        alone = [f"null {number}" for number in piece.column("_id").to_pylist()]
        keys = {
            "_id": piece.column("_id"),
            "obj_id": pa.array(alone, pa.string()),
            **{name: piece.column(name) for name in names if name in piece.schema.names},
        }
        schema = arrow_schema(key_columns(piece.schema.names))
        yield Rows(
            pa.table([keys[field.name] for field in schema], schema=schema),
            lightcurves_of(piece.select(["_id", "hmjd", "mag", "magerr"]), nulls),
            piece.column("n_epochs").to_numpy().astype(np.int64),
            np.array(piece.column("reason").to_pylist(), dtype=object),
            piece.select(matches),
        )


def _with_scores(found: pa.Table, scored: pa.Table, algorithm: str, *, first: bool) -> pa.Table:
    """Append the scores of an algorithm, by id, and the reason that its rows have."""
    ids = found.column("_id").to_numpy()
    scored = scored.sort_by("_id")
    if not np.array_equal(scored.column("_id").to_numpy(), ids):
        raise InputError("scores of other nulls", value=algorithm, todo="make the nulls again")
    reasons = scored.column("reason")
    if first:
        found = found.append_column(ALIAS_TREND.name, scored.column(ALIAS_TREND.name))
        found = found.append_column("reason", reasons)
    else:
        place = found.schema.get_field_index("reason")
        reasons = pc.coalesce(found.column("reason"), reasons)
        found = found.set_column(place, "reason", reasons)
    for name in scored.column_names:
        tag, _, end = name.rpartition("_")
        if end == algorithm and end in ALGORITHMS and tag:
            found = found.append_column(name, scored.column(name))
    return found


def _score_schema(schema: pa.Schema) -> pa.Schema:
    """Return the schema of scored nulls."""
    known = [Column("_id", "int64", "", False, "Running number"), *NULL_COLUMNS, ALIAS_TREND]
    fixed = {field.name: field for field in arrow_schema(known)}
    return pa.schema(
        [fixed.get(f.name, pa.field(f.name, f.type, metadata=f.metadata)) for f in schema]
    )
