"""A training set from files of light curves and labels, without a workflow."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scope.classifiers.assemble import assemble_training_set
from scope.classifiers.labels import Labels
from scope.errors import UsageError
from scope.features.generate import generate_features
from scope.features.options import FeatureOptions
from scope.io import count_rows, read_parquet, read_table, write_dataframe
from scope.lightcurves.cleaning import CleaningOptions

SUFFIXES = (".parquet", ".h5", ".hdf5", ".csv")


@dataclass(frozen=True)
class Assembled:
    """What went into a training set.

    Attributes
    ----------
    light_curves : int
        In the files.
    rows, stars : int
        Of the training set: those with features and labels.
    positive : dict of label to int
        Rows that have it, above 0.5.
    """

    light_curves: int
    rows: int
    stars: int
    positive: dict[str, int]


def assemble_files(
    light_curves: Sequence[str | Path],
    features: Sequence[str | Path],
    labels: Labels,
    output: str | Path,
    *,
    cleaning: CleaningOptions | None = None,
    options: FeatureOptions | None = None,
    backend: str = "cpu",
    workers: int = 1,
    facts: Mapping[str, Any] | None = None,
) -> Assembled:
    """Compute features where there are none yet, and join them with labels.

    Light curves of one star in several bands are rows of one star. Those without labels and
    those without features are left out.

    Parameters
    ----------
    light_curves : sequence of path
        Files in the layout that `scope.features.generate.generate_features` reads.
    features : sequence of path
        Files of features, of the same settings.
    labels : Labels
    output : path
        ``.parquet``, ``.h5`` or ``.csv``.
    cleaning, options, backend, workers
        Of `generate_features`.
    facts : mapping, optional
        What to record beside these.

    Raises
    ------
    UsageError
        If the format is unknown, or there is nothing to read.
    ScopeError
        What reading, computing and joining raise.
    """
    output = Path(output)
    if output.suffix not in SUFFIXES:
        raise UsageError("format of a training set", value=str(output), allowed=SUFFIXES)
    if not light_curves and not features:
        raise UsageError(
            "training set of nothing", todo="name files with --light-curves or --features"
        )
    with tempfile.TemporaryDirectory(prefix="scope-assemble-") as folder:
        computed = []
        for number, path in enumerate(light_curves):
            computed.append(Path(folder, f"{number:03d}.parquet"))
            generate_features(
                path,
                computed[-1],
                cleaning=cleaning,
                options=options,
                backend=backend,
                workers=workers,
                facts=facts,
            )
        paths = [*computed, *features]
        whole = output if output.suffix == ".parquet" else Path(folder, "training.parquet")
        assemble_training_set(paths, labels, whole, facts=facts)
        if whole != output:
            write_dataframe(read_parquet(whole), output)
        return _assembled(whole, sum(count_rows(path) for path in paths), labels.names)


def _assembled(path: Path, light_curves: int, names: Sequence[str]) -> Assembled:
    table = read_table(path, ["star", *names])
    positive = {
        name: int((np.asarray(table.column(name).fill_null(0).to_numpy()) > 0.5).sum())
        for name in names
    }
    stars = len(table.column("star").unique())
    return Assembled(light_curves, table.num_rows, stars, positive)
