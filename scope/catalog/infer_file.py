"""From a file of features to predictions, without a workflow."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scope.catalog.export import export
from scope.catalog.gather import gather
from scope.catalog.merge import merge
from scope.classifiers.bundle import PREPROCESSING, ModelBundle
from scope.errors import InputError
from scope.inference import infer
from scope.io import TableWriter, check_output, read_ids, read_metadata, read_schema, sorted_by_id
from scope.schema import with_scope_metadata


def infer_file(
    features_path: str | Path,
    output: str | Path,
    *,
    bundle: ModelBundle,
    classes: Sequence[str] | None = None,
    rows: int = 8192,
    workers: int = 1,
    device: str = "cpu",
    write_csv: bool = False,
) -> None:
    """Write the predictions of one bundle for the rows of a file of features.

    The same stages as in the workflow, with their products between in a folder that is
    removed: the predictions of a light curve are the same by either way.

    Parameters
    ----------
    features_path : path
        Parquet as written by ``generate-features``, in any order of ``_id``.
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

    Raises
    ------
    ScopeError
        As of the stages.
    """
    from scope.preprocessing import impute

    bundle.select(classes)
    check_output(output, features_path)
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
        features = _in_order(Path(features_path), folder / "features.parquet")
        imputed, gathered, scores = (
            folder / f"{stage}.parquet" for stage in ("imputed", "gathered", "scores")
        )
        impute(features, imputed, bundle.folder / PREPROCESSING, rows=rows)
        gather([imputed], gathered)
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


def _in_order(path: Path, copy: Path) -> Path:
    """Return a file with the rows of `path` in ascending order of `_id`."""
    if not np.any(np.diff(read_ids(path)) < 0):
        return path
    schema = with_scope_metadata(read_schema(path), read_metadata(path))
    with TableWriter(copy, schema) as writer:
        for piece in sorted_by_id(path, scratch=copy.parent):
            writer.write(piece)
    return copy
