"""From a file of features to predictions, without a workflow."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from scope.catalog.export import export
from scope.catalog.gather import gather
from scope.catalog.merge import merge
from scope.errors import InputError, named_as
from scope.features.registry import REGISTRY
from scope.inference import infer
from scope.io import TableWriter, check_output, read_ids, read_metadata, read_schema, sorted_by_id
from scope.schema import with_scope_metadata
from scope.tasks.variables.bundles.model_bundle import PREPROCESSING, ModelBundle


def infer_file(features_path: str | Path, output: str | Path, **options: Any) -> None:
    """Write the predictions of one bundle for the rows of a file; see `infer_files`."""
    infer_files([features_path], output, **options)


def infer_files(
    features_paths: Sequence[str | Path],
    output: str | Path,
    *,
    bundle: ModelBundle,
    classes: Sequence[str] | None = None,
    rows: int = 8192,
    workers: int = 1,
    device: str = "cpu",
    write_csv: bool = False,
    without_suffix: bool = False,
) -> None:
    """Write the predictions of one bundle for the rows of files of features.

    The same stages as in the workflow, with their products between in a folder that is
    removed: the predictions of a light curve are the same by either way.

    Parameters
    ----------
    features_paths : sequence of path
        Parquet as written by ``generate-features`` or ``get-features``, in any order of
        ``_id``; each id once.
    output : path
        See `scope.catalog.merge`; rows in ascending order of ``_id``.
    bundle : ModelBundle
    classes : sequence of str, optional
        Class tags; all by default.
    rows : int
        Rows that are held at a time. No score depends on it.
    workers : int
        Classes that are scored at a time. No score depends on it.
    device : {"cpu", "cuda"}
    write_csv : bool
        Write ``.csv`` beside `output` too.
    without_suffix : bool
        Columns ``period``, ``f1_a``, … may stand for those of the models' period search,
        as in features that were downloaded.

    Raises
    ------
    ScopeError
        As of the stages.
    """
    from scope.preprocessing import impute

    bundle.select(classes)
    check_output(output, *features_paths)
    output = Path(output)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            "folder of the output that cannot be made",
            value=str(output.parent),
            todo=f"name another ({error.strerror})",
        ) from None
    with tempfile.TemporaryDirectory(prefix=f".{output.name}.", dir=output.parent) as name:
        folder = Path(name)
        imputed = [folder / f"imputed_{number}.parquet" for number in range(len(features_paths))]
        gathered, scores = (folder / f"{stage}.parquet" for stage in ("gathered", "scores"))
        suffix = bundle.period_suffix if without_suffix else ""
        for path, filled in zip(features_paths, imputed, strict=True):
            copy = folder / "features.parquet"
            with named_as({filled: path, copy: path}):
                features = _readable(Path(path), copy, suffix)
                impute(features, filled, bundle.folder / PREPROCESSING, rows=rows)
        with named_as(dict(zip(imputed, features_paths, strict=True))):
            gather(imputed, gathered)
        infer(
            gathered,
            scores,
            bundle=bundle,
            classes=classes,
            rows=rows,
            workers=workers,
            device=device,
        )
        merge(gathered, [scores], output, algorithm=bundle.algorithm)
    if write_csv:
        export(output, output.with_suffix(".csv"))


def _readable(path: Path, copy: Path, suffix: str) -> Path:
    """Return a file with the rows of `path` by ``_id``, periodic features with a suffix."""
    schema = read_schema(path)
    names = _with_suffix(schema.names, suffix)
    if names == schema.names and not np.any(np.diff(read_ids(path)) < 0):
        return path
    renamed = pa.schema([field.with_name(n) for field, n in zip(schema, names, strict=True)])
    with TableWriter(copy, with_scope_metadata(renamed, read_metadata(path))) as writer:
        for piece in sorted_by_id(path, scratch=copy.parent):
            writer.write(piece.rename_columns(names))
    return copy


def _with_suffix(names: list[str], suffix: str) -> list[str]:
    """Return names with a suffix for features of a period, where they have none."""
    if not suffix or f"period_{suffix}" in names or "period" not in names:
        return names
    return [REGISTRY[name].column_name(suffix) if name in REGISTRY else name for name in names]
