"""A training set from files of light curves and labels, without a workflow."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from scope.errors import UsageError
from scope.features.generate_features import generate_features
from scope.features.options import FeatureOptions
from scope.io import count_rows, read_parquet, read_table, write_dataframe
from scope.lightcurves.cleaning import CleaningOptions
from scope.surveys.twins import LIGHT_CURVES, TRUTH, CopyOptions, make_twins
from scope.tasks.variables.training_sets.assemble_training_set import assemble_training_set
from scope.tasks.variables.training_sets.labelled_copies import with_copies, write_truth
from scope.tasks.variables.training_sets.read_labels import Labels
from scope.tasks.variables.training_sets.read_training_set import COPY

SUFFIXES = (".parquet", ".h5", ".hdf5", ".csv")


@dataclass(frozen=True)
class Assembled:
    """Counts of what went into a training set.

    Attributes
    ----------
    light_curves : int
        In the files.
    rows, stars : int
        Of the training set: those with features and labels.
    copies : int
        Rows besides these that are copies of them (`scope.surveys.twins`).
    positive : dict of label to int
        Rows that have it, above 0.5.
    """

    light_curves: int
    rows: int
    stars: int
    copies: int
    positive: dict[str, int]


def assemble_files(
    light_curves: Sequence[str | Path],
    features: Sequence[str | Path],
    labels: Labels,
    output: str | Path,
    *,
    cleaning: CleaningOptions | None = None,
    options: FeatureOptions | None = None,
    copies: CopyOptions | None = None,
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
        Files in the layout that `scope.features.generate_features.generate_features` reads.
    features : sequence of path
        Files of features, of the same settings.
    labels : Labels
    output : path
        ``.parquet``, ``.h5`` or ``.csv``.
    cleaning, options, backend, workers
        Of `generate_features`.
    copies : CopyOptions, optional
        Copies of light curves to add, see `scope.surveys.twins`; None adds none. Features that
        are there already have none: their light curves are not known.
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
    cleaning = cleaning or CleaningOptions()
    compute = partial(
        generate_features, options=options, backend=backend, workers=workers, facts=facts
    )
    with tempfile.TemporaryDirectory(prefix="scope-assemble-") as folder:
        computed = []
        for number, path in enumerate(light_curves):
            computed.append(Path(folder, f"{number:03d}.parquet"))
            compute(path, computed[-1], cleaning=cleaning)
        paths = [*computed, *features]
        known = sum(count_rows(path) for path in paths)
        if copies is not None and light_curves:
            made = _copied(light_curves, labels, copies, cleaning, Path(folder))
            labels = with_copies(labels, [part / TRUTH for part in made])
            few = replace(cleaning, min_epochs=min(cleaning.min_epochs, copies.few_epochs[0]))
            for part in made:
                paths.append(part / "features.parquet")
                compute(part / LIGHT_CURVES, paths[-1], cleaning=few)
        whole = output if output.suffix == ".parquet" else Path(folder, "training.parquet")
        assemble_training_set(paths, labels, whole, facts=facts)
        if whole != output:
            write_dataframe(read_parquet(whole), output)
        return _assembled(whole, known, labels.names)


def _copied(
    light_curves: Sequence[str | Path],
    labels: Labels,
    options: CopyOptions,
    cleaning: CleaningOptions,
    folder: Path,
) -> list[Path]:
    """Make copies of the light curves of files and return the folders of those with any."""
    truth = folder / "truth.parquet"
    write_truth(labels, truth)
    made = []
    for number, path in enumerate(light_curves):
        part = folder / f"copies{number:03d}"
        counts = make_twins(
            path, truth, part, cleaning=cleaning, options=options, skip_unlabelled=True
        )
        if counts:
            made.append(part)
    return made


def _assembled(path: Path, light_curves: int, names: Sequence[str]) -> Assembled:
    table = read_table(path, ["star", COPY, *names])
    table = table.filter(pc.is_null(table.column(COPY)))
    copies = count_rows(path) - table.num_rows
    positive = {
        name: int((np.asarray(table.column(name).fill_null(0).to_numpy()) > 0.5).sum())
        for name in names
    }
    stars = len(table.column("star").unique())
    return Assembled(light_curves, table.num_rows, stars, copies, positive)
