"""From features and labels of simulated or catalogued stars to a training set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.classifiers.training_set import STAR
from scope.config.classes import CLASSES
from scope.errors import DuplicateIdError, InputError
from scope.io import TableWriter, iter_batches, read_metadata, read_schema, read_table
from scope.provenance import record
from scope.schema import Column, require_columns

NOT_VARIABLE = "non-variable"
LABELS: tuple[str, ...] = (*(item.label for item in CLASSES), NOT_VARIABLE)
TRUTH_COLUMNS = ("objectid", "sourceid", "labels")
ROWS = 4096


class Truth:
    """The star and the labels of each light curve.

    Parameters
    ----------
    paths : sequence of path
        Parquet with ``objectid`` (light curve), ``sourceid`` (star; the same number in
        two files is the same star) and ``labels`` (list of label names).

    Raises
    ------
    MissingColumnError, DuplicateIdError, InputError
        If a column is missing, a light curve stands twice, or a label is unknown.
    """

    def __init__(self, paths: Iterable[str | Path]) -> None:
        tables = []
        for path in paths:
            require_columns(read_schema(path).names, TRUTH_COLUMNS, f" in {path}")
            tables.append(read_table(path, TRUTH_COLUMNS))
        if not tables:
            raise InputError("training set without labels", allowed="at least one truth table")
        table = pa.concat_tables(tables, promote_options="permissive")
        ids = table.column("objectid").cast(pa.int64()).to_numpy()
        self._order = np.argsort(ids, kind="stable")
        self.ids = ids[self._order]
        if np.any(self.ids[1:] == self.ids[:-1]):
            twice = self.ids[int(np.argmax(self.ids[1:] == self.ids[:-1]))]
            raise DuplicateIdError("light curve with two lines of truth", value=int(twice))
        self.stars = table.column("sourceid").cast(pa.string()).to_numpy(zero_copy_only=False)
        self.labels = table.column("labels").to_pylist()
        unknown = {label for labels in self.labels for label in labels} - set(LABELS)
        if unknown:
            raise InputError("unknown labels", value=", ".join(sorted(unknown)), allowed=LABELS)

    def find(self, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the line of each light curve.

        Raises
        ------
        InputError
            If one has none.
        """
        place = np.minimum(np.searchsorted(self.ids, ids), max(len(self.ids) - 1, 0))
        found = self.ids[place] == ids if len(self.ids) else np.zeros(len(ids), dtype=np.bool_)
        if not found.all():
            raise InputError(
                "light curves without a line of truth",
                value=f"{int(ids[~found][0])} and {int((~found).sum()) - 1} more",
                todo="give the truth tables of all features",
            )
        return np.asarray(self._order[place])


def assemble_training_set(
    features_paths: Sequence[str | Path],
    truth_paths: Sequence[str | Path],
    output: str | Path,
    *,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Join features and labels by id; light curves without features are left out.

    Parameters
    ----------
    features_paths : sequence of path
        Files of features, with equal columns.
    truth_paths : sequence of path
        See `Truth`.
    output : path
        Gets the columns of the features, ``star`` (string) and, for every label of the
        52 classes and ``non-variable``, 1 where the star has it and 0 elsewhere.
    facts : mapping, optional
        Further facts for the record of `output`.

    Raises
    ------
    InputError
        If a light curve has no line of truth, or none has features.
    """
    truth = Truth(truth_paths)
    schema = read_schema(features_paths[0]).remove_metadata()
    for column in _label_columns():
        schema = schema.append(column.field)
    metadata = record(
        "training_set", [read_metadata(path) for path in features_paths], **(facts or {})
    )
    with TableWriter(output, schema, metadata) as writer:
        for path in sorted(features_paths, key=str):
            for piece in iter_batches(path, rows=ROWS):
                piece = piece.filter(piece.column("reason").is_null())
                writer.write(_labelled(piece, truth))
        if writer.rows == 0:
            raise InputError(
                "training set without a light curve that has features",
                value=", ".join(map(str, features_paths)),
                todo="look at the column reason of these files",
            )


def _label_columns() -> list[Column]:
    star = Column(STAR, "string", "", False, "Star; all its light curves go into one set")
    return [
        star,
        *(Column(name, "float32", "", False, f"Probability of {name}") for name in LABELS),
    ]


def _labelled(piece: pa.Table, truth: Truth) -> pa.Table:
    lines = truth.find(piece.column("_id").to_numpy())
    piece = piece.append_column(STAR, pa.array(truth.stars[lines], pa.string()))
    labels = [set(truth.labels[line]) for line in lines]
    for name in LABELS:
        values = np.array([name in found for found in labels], dtype=np.float32)
        piece = piece.append_column(name, pa.array(values))
    return piece
