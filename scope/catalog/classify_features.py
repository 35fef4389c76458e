"""From a file of features to a catalogue with probabilities, without a workflow."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scope.catalog.export import export
from scope.catalog.infer_file import infer_files
from scope.catalog.probabilities import load_probabilities
from scope.catalog.publish import publish_catalog
from scope.io import check_output
from scope.tasks.variables.bundles.model_bundle import ModelBundle


def classify_features(
    features_paths: Sequence[str | Path],
    output: str | Path,
    *,
    bundles: Sequence[ModelBundle],
    fusion_folder: str | Path | None,
    parents: Mapping[str, str | None],
    exclusive: Sequence[str],
    periodic: Sequence[str] = (),
    options: Mapping[str, Any],
    listed: bool = True,
    facts: Mapping[str, Any] | None = None,
    rows: int = 8192,
    workers: int = 1,
    write_csv: bool = False,
) -> None:
    """Write the catalogue of the light curves in files of features.

    The stages of the workflow, with the predictions of each algorithm in a folder that is removed:
    the catalogue of a light curve is the same by either way.

    Parameters
    ----------
    features_paths : sequence of path
        Parquet as written by ``generate-features``, in any order of ``_id``; each id once.
    output : path
        Parquet, see docs/catalog.md; rows in ascending order of ``_id``.
    bundles : sequence of ModelBundle
        One per algorithm.
    fusion_folder : path or None
        Their fusion; without one, two algorithms give no probabilities by both.
    parents, exclusive, periodic, options
        See `load_probabilities`.
    listed : bool
        Somebody chose these light curves: they are no fair sample of the sky, and classes are
        taken to be as frequent as ``probabilities.lists`` says.
    facts : mapping, optional
        Further facts for the record of `output`.
    rows, workers : int
        Rows held, and classes scored, at a time. No number depends on them.
    write_csv : bool
        Write ``.csv`` beside `output` too.

    Raises
    ------
    ScopeError
        As of the stages.
    """
    check_output(output, *features_paths)
    output = Path(output)
    probabilities = load_probabilities(
        bundles,
        fusion_folder,
        parents,
        options,
        exclusive=exclusive,
        periodic=periodic,
        listed=listed,
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{output.name}.", dir=output.parent) as name:
        predictions = [Path(name) / f"preds_{bundle.algorithm}.parquet" for bundle in bundles]
        for bundle, path in zip(bundles, predictions, strict=True):
            infer_files(
                features_paths,
                path,
                bundle=bundle,
                rows=rows,
                workers=workers,
                without_suffix=True,
            )
        publish_catalog(predictions, output, facts, probabilities=probabilities)
    if write_csv:
        export(output, output.with_suffix(".csv"))
