"""From features and labels of simulated or catalogued stars to a training set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scope.classifiers.splits import star_fraction
from scope.classifiers.training_set import STAR
from scope.errors import DuplicateIdError, InputError
from scope.features.catalogues import CATALOGUES
from scope.features.registry import names_of
from scope.io import TableWriter, iter_batches, read_metadata, read_schema, read_table
from scope.provenance import record
from scope.schema import Column, require_columns
from scope.surveys.label_map import LABELS

TRUTH_COLUMNS = ("objectid", "sourceid", "labels")
FURTHER_COLUMNS = {"unknown": pa.list_(pa.string()), "survey": pa.string()}
"""Columns of a truth table that need not be there."""

SIMULATION = "simulation"
"""Survey of truth tables that name none."""

SURVEY = "survey"
ROWS = 4096

BLANK_SALT = "scope without matches 1"
MATCHED: tuple[str, ...] = (*names_of("alerts"), *(n for c in CATALOGUES for n in names_of(c)))
"""Features that other catalogues and the alerts give."""


class Truth:
    """The star and the labels of each light curve.

    Parameters
    ----------
    paths : sequence of path
        Parquet with ``objectid`` (light curve), ``sourceid`` (star; the same number in
        two files is the same star) and ``labels`` (list of label names); where it is
        there, ``unknown`` (list of names of which it is not known) and ``survey``.

    Raises
    ------
    MissingColumnError, DuplicateIdError, InputError
        If a column is missing, a light curve stands twice, or a label is unknown.
    """

    def __init__(self, paths: Iterable[str | Path]) -> None:
        tables = []
        for path in paths:
            tables.append(_read_truth(path))
        if not tables:
            raise InputError("training set without labels", allowed="at least one truth table")
        table = pa.concat_tables(tables)
        ids = table.column("objectid").cast(pa.int64()).to_numpy()
        self._order = np.argsort(ids, kind="stable")
        self.ids = ids[self._order]
        if np.any(self.ids[1:] == self.ids[:-1]):
            twice = self.ids[int(np.argmax(self.ids[1:] == self.ids[:-1]))]
            raise DuplicateIdError("light curve with two lines of truth", value=int(twice))
        self.stars = table.column("sourceid").to_numpy(zero_copy_only=False)
        self.surveys = table.column("survey").to_numpy(zero_copy_only=False)
        self.labels = table.column("labels").to_pylist()
        self.unknown = table.column("unknown").to_pylist()
        named = {name for names in (*self.labels, *self.unknown) for name in names}
        if named - set(LABELS):
            strange = ", ".join(sorted(named - set(LABELS)))
            raise InputError("unknown labels", value=strange, allowed=LABELS)

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
    without_matches: float = 0.0,
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
        Gets the columns of the features, ``star`` and ``survey`` (string) and, for every
        label of the 52 classes and ``non-variable``, 1 where the star has it, null where
        that is not known, and 0 elsewhere.
    without_matches : float
        Part of the stars, by the hash of their names, whose features from other catalogues
        and alerts are left out, so that models learn to do without.
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
        "training_set",
        [read_metadata(path) for path in features_paths],
        **{**(facts or {}), "without_matches": without_matches},
    )
    with TableWriter(output, schema, metadata) as writer:
        for path in sorted(features_paths, key=str):
            for piece in iter_batches(path, rows=ROWS):
                piece = piece.filter(piece.column("reason").is_null())
                writer.write(_labelled(piece, truth, without_matches))
        if writer.rows == 0:
            raise InputError(
                "training set without a light curve that has features",
                value=", ".join(map(str, features_paths)),
                todo="look at the column reason of these files",
            )


def _read_truth(path: str | Path) -> pa.Table:
    """Return a truth table with all columns, those that it lacks filled in."""
    names = read_schema(path).names
    require_columns(names, TRUTH_COLUMNS, f" in {path}")
    there = [name for name in FURTHER_COLUMNS if name in names]
    table = read_table(path, [*TRUTH_COLUMNS, *there])
    if "unknown" not in there:
        empty = pa.array([[]] * len(table), FURTHER_COLUMNS["unknown"])
        table = table.append_column("unknown", empty)
    if "survey" not in there:
        table = table.append_column("survey", pa.array([SIMULATION] * len(table), pa.string()))
    kinds = {
        "objectid": pa.int64(),
        "sourceid": pa.string(),
        "labels": pa.list_(pa.string()),
        **FURTHER_COLUMNS,
    }
    return table.select(list(kinds)).cast(pa.schema(list(kinds.items())))


def _label_columns() -> list[Column]:
    return [
        Column(STAR, "string", "", False, "Star; all its light curves go into one set"),
        Column(SURVEY, "string", "", False, "Where the light curve is from"),
        *(
            Column(name, "float32", "", True, f"Probability of {name}; null where it is not known")
            for name in LABELS
        ),
    ]


def _labelled(piece: pa.Table, truth: Truth, without_matches: float) -> pa.Table:
    lines = truth.find(piece.column("_id").to_numpy())
    stars = truth.stars[lines]
    blank = np.array([star_fraction(star, BLANK_SALT) < without_matches for star in stars], bool)
    for name in MATCHED if blank.any() else ():
        if name in piece.schema.names:
            place = piece.schema.get_field_index(name)
            values = pc.if_else(pa.array(~blank), piece.column(name), None)
            piece = piece.set_column(place, piece.schema.field(place), values)
    piece = piece.append_column(STAR, pa.array(stars, pa.string()))
    piece = piece.append_column(SURVEY, pa.array(truth.surveys[lines], pa.string()))
    labels = [set(truth.labels[line]) for line in lines]
    unknown = [set(truth.unknown[line]) for line in lines]
    for name in LABELS:
        values = np.array([name in found for found in labels], dtype=np.float32)
        mask = np.array([name in found for found in unknown], dtype=bool)
        piece = piece.append_column(name, pa.array(values, mask=mask))
    return piece
