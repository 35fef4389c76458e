"""Scores of light curves in which nothing can be found.

They go through the same features, preparation and models as the real ones.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scope.catalog.fetch_nulls import NULL_COLUMNS
from scope.catalog.infer_file import infer_files
from scope.errors import InputError
from scope.features.compute_features import write_features
from scope.features.crossmatch_catalogues import crossmatch_columns
from scope.features.options import FeatureOptions
from scope.features.unit_rows import Rows
from scope.io import TableWriter, iter_batches, read_metadata, read_schema, read_table
from scope.lightcurves.files import lightcurves_of
from scope.plugins import ALGORITHMS
from scope.provenance import record
from scope.schema import ALIAS_TREND, KEY_COLUMNS, Column, arrow_schema, key_columns
from scope.tasks.variables.bundles.model_bundle import ModelBundle

_PIECE_ROWS = 512


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
