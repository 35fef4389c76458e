"""Training sets from features and labels of simulated or catalogued stars."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scope.errors import DuplicateIdError, InputError
from scope.features.crossmatch_catalogues import CATALOGUES
from scope.features.registry import names_of
from scope.io import TableWriter, iter_batches, read_ids, read_metadata, read_schema, read_table
from scope.models.training.splits import star_fraction
from scope.provenance import record
from scope.schema import Column, require_columns
from scope.surveys.label_map import LABELS, SIMULATION
from scope.surveys.twins.twin_labels import KINDS, VARIABLE
from scope.surveys.visibility import VISIBLE
from scope.tasks.variables.training_sets.read_training_set import COPY, STAR, SURVEY

TRUTH_COLUMNS = ("objectid", "sourceid", "labels")
FURTHER_COLUMNS = {
    "unknown": pa.list_(pa.string()),
    "survey": pa.string(),
    "parent": pa.int64(),
    COPY: pa.string(),
    "visibility": pa.float64(),
}
"""Columns of a truth table that need not be there; without ``survey`` it is a simulation's."""

ROWS = 4096
NO_PARENT = -1

BLANK_SALT = "scope without matches 1"
MATCHED: tuple[str, ...] = (*names_of("alerts"), *(n for c in CATALOGUES for n in names_of(c)))
"""Features that other catalogues and the alerts give."""
ALERTED = names_of("alerts")
N_ALERTS = "n_ztf_alerts"

MIN_EPOCHS = "min_epochs"
RELEASE = "data_release"


class Truth:
    """The star and the labels of each light curve.

    Parameters
    ----------
    paths : sequence of path
        Parquet with ``objectid`` (light curve), ``sourceid`` (star; the same number in
        two files is the same star) and ``labels`` (list of label names); where it is
        there, ``unknown`` (list of names of which it is not known), ``survey``, of copies
        (`scope.surveys.twins`) ``parent`` and ``copy``, and ``visibility``, the chi-square by which
        the star's variation stands out of the noise: where it is below `VISIBLE`, the light curve
        of a variable star is no example.

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
        self.parents = table.column("parent").fill_null(NO_PARENT).to_numpy()
        self.copies = table.column(COPY).to_numpy(zero_copy_only=False)
        self.labels = table.column("labels").to_pylist()
        self.unknown = table.column("unknown").to_pylist()
        seen = table.column("visibility").fill_null(np.inf).to_numpy()
        varies = np.array([VARIABLE in names for names in self.labels], dtype=bool)
        self._hidden = varies & (seen < VISIBLE)
        named = {name for names in (*self.labels, *self.unknown) for name in names}
        if named - set(LABELS):
            strange = ", ".join(sorted(named - set(LABELS)))
            raise InputError("unknown labels", value=strange, allowed=LABELS)

    @property
    def names(self) -> tuple[str, ...]:
        """Labels that are known or not known; a training set has a column for each."""
        return LABELS

    def find(self, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the line of each light curve; -1 of what is no example.

        `ids` and the result: (n,) int64.

        Raises
        ------
        InputError
            If one has none.
        """
        place = find_sorted(self.ids, ids)
        if (place < 0).any():
            raise InputError(
                "light curves without a line of truth",
                value=f"{int(ids[place < 0][0])} and {int((place < 0).sum()) - 1} more",
                todo="give the truth tables of all features",
            )
        lines = self._order[place]
        return np.where(self._hidden[lines], -1, lines)

    def values(self, name: str, lines: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Return the probability of a label in some lines; NaN where it is not known.

        `lines`: (n,) int64; the result: (n,) float32.
        """
        values = [
            np.nan if name in self.unknown[line] else float(name in self.labels[line])
            for line in lines
        ]
        return np.array(values, dtype=np.float32)


class LabelTable(Protocol):
    """The star and the labels of light curves."""

    @property
    def names(self) -> tuple[str, ...]:
        """Labels: the columns that a training set gets."""
        ...

    @property
    def stars(self) -> npt.NDArray[Any]:
        """Name of the star of each line, (n,) text."""
        ...

    @property
    def surveys(self) -> npt.NDArray[Any]:
        """Survey that the light curve of each line is from, (n,) text."""
        ...

    @property
    def parents(self) -> npt.NDArray[np.int64]:
        """Id of the light curve that each line is a copy of, (n,) int64; `NO_PARENT` for none."""
        ...

    @property
    def copies(self) -> npt.NDArray[Any]:
        """Kind of copy of each line, (n,) object; None for none."""
        ...

    def find(self, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the line of each light curve; below 0 leaves it out.

        `ids` and the result: (n,) int64.
        """
        ...

    def values(self, name: str, lines: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Return the probability of a label in some lines; NaN where it is not known.

        `lines`: (n,) int64; the result: (n,) float32.
        """
        ...


def find_sorted(known: npt.NDArray[np.int64], ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the place of each id among ascending ones, -1 for those that are not there.

    `known`: (m,) int64; `ids` and the result: (n,) int64.
    """
    place = np.minimum(np.searchsorted(known, ids), max(len(known) - 1, 0))
    found = known[place] == ids if len(known) else np.zeros(len(ids), dtype=np.bool_)
    return np.where(found, place, -1)


def assemble_training_set(
    features_paths: Sequence[str | Path],
    truth: Sequence[str | Path] | LabelTable,
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
    truth : sequence of path, or LabelTable
        Labels, or files of `Truth`.
    output : path
        Gets the columns of the features, ``star``, ``survey`` and ``copy`` (string) and, for
        every label of `truth` (of files: of all classes and ``non-variable``), its probability,
        null where that is not known. Copies have what other catalogues say of their parents.
        Twins raise no alerts.
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
    labels = Truth(truth) if isinstance(truth, Sequence) else truth
    schema = read_schema(features_paths[0]).remove_metadata()
    for column in _label_columns(labels.names):
        schema = schema.append(column.field)
    inputs = [read_metadata(path) for path in features_paths]
    metadata = record(
        "training_set",
        inputs,
        **{
            **(facts or {}),
            **_fewest_epochs(inputs),
            **_releases(inputs),
            "without_matches": without_matches,
        },
    )
    matches = _Matches(features_paths, labels)
    with TableWriter(output, schema, metadata) as writer:
        for path in sorted(features_paths, key=str):
            read_ids(path)
            require_columns(read_schema(path).names, ["reason"], f" of features in {path}")
            for piece in iter_batches(path, rows=ROWS):
                piece = piece.filter(piece.column("reason").is_null())
                writer.write(_labelled(piece, labels, matches, without_matches))
        if writer.rows == 0:
            raise InputError(
                "training set without a light curve that has features",
                value=", ".join(map(str, features_paths)),
                todo="look at the column reason of these files, and at the ids of the labels",
            )


def _read_truth(path: str | Path) -> pa.Table:
    """Return a truth table with all columns, those that it lacks filled in."""
    names = read_schema(path).names
    require_columns(names, TRUTH_COLUMNS, f" in {path}")
    read_ids(path, "objectid")
    there = [name for name in FURTHER_COLUMNS if name in names]
    table = read_table(path, [*TRUTH_COLUMNS, *there])
    if "unknown" not in there:
        empty = pa.array([[]] * len(table), FURTHER_COLUMNS["unknown"])
        table = table.append_column("unknown", empty)
    if "survey" not in there:
        table = table.append_column("survey", pa.array([SIMULATION] * len(table), pa.string()))
    for name in ("parent", COPY, "visibility"):
        if name not in there:
            table = table.append_column(name, pa.nulls(len(table), FURTHER_COLUMNS[name]))
    kinds = {
        "objectid": pa.int64(),
        "sourceid": pa.string(),
        "labels": pa.list_(pa.string()),
        **FURTHER_COLUMNS,
    }
    try:
        return table.select(list(kinds)).cast(pa.schema(list(kinds.items())))
    except pa.ArrowInvalid as error:
        raise InputError(
            "truth table with a column of another kind",
            value=f"{path}: {str(error).splitlines()[0]}",
            allowed=", ".join(f"{name} ({kind})" for name, kind in kinds.items()),
            todo="write the column as that kind",
        ) from error


def _label_columns(names: Sequence[str]) -> list[Column]:
    return [
        Column(STAR, "string", "", False, "Star; all its light curves go into one set"),
        Column(SURVEY, "string", "", False, "Where the light curve is from"),
        Column(COPY, "string", "", True, "Kind of copy; null for what was not made of another"),
        *(
            Column(name, "float32", "", True, f"Probability of {name}; null where it is not known")
            for name in names
        ),
    ]


class _Matches:
    """What other catalogues and alerts say of the parents of copies.

    Parameters
    ----------
    paths : sequence of path
        Files of features, the parents' among them.
    labels : LabelTable
    """

    def __init__(self, paths: Sequence[str | Path], labels: LabelTable) -> None:
        self._table: pa.Table | None = None
        wanted = np.unique(labels.parents[labels.parents != NO_PARENT])
        if not len(wanted):
            return
        names = ["_id", *(name for name in MATCHED if name in read_schema(paths[0]).names)]
        parts = []
        for path in paths:
            part = read_table(path, names)
            parts.append(part.filter(pa.array(np.isin(part.column("_id").to_numpy(), wanted))))
        self._table = pa.concat_tables(parts).sort_by("_id")
        self._ids = self._table.column("_id").to_numpy()

    def fill(
        self, piece: pa.Table, parents: npt.NDArray[np.int64], twin: npt.NDArray[np.bool_]
    ) -> pa.Table:
        """Give copies the matches of their parents.

        Parameters
        ----------
        parents : (n,) int64
            Of each row, `NO_PARENT` for those that are none.
        twin : (n,) bool
            Copies that do not vary, and so raised no alerts: their number is 0 where that of
            the parent is known.

        Raises
        ------
        InputError
            If a parent is in none of the files.
        """
        if self._table is None or not (parents != NO_PARENT).any():
            return piece
        place = find_sorted(self._ids, parents)
        if (lost := (parents != NO_PARENT) & (place < 0)).any():
            raise InputError(
                "copies of light curves that are not in the files of features",
                value=f"{int(parents[lost][0])} and {int(lost.sum()) - 1} more",
                todo="give the features of the light curves that they were made of",
            )
        copied = pa.array(place >= 0)
        found = self._table.take(pa.array(np.maximum(place, 0)))
        for name in found.column_names[1:]:
            values = found.column(name)
            if name in ALERTED:
                none = pc.if_else(pc.is_valid(values), 0 if name == N_ALERTS else None, None)
                values = pc.if_else(pa.array(twin), none.cast(values.type), values)
            values = pc.if_else(copied, values, piece.column(name))
            index = piece.schema.get_field_index(name)
            piece = piece.set_column(index, piece.schema.field(index), values)
        return piece


def _releases(inputs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the data releases of inputs of different surveys, where there are several."""
    found = sorted({str(one[RELEASE]) for one in inputs if RELEASE in one})
    return {RELEASE: found} if len(found) > 1 else {}


def _fewest_epochs(inputs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the least cut on epochs: copies with few epochs are held to one of their own."""
    cuts = [part[MIN_EPOCHS] for part in inputs if MIN_EPOCHS in part]
    return {MIN_EPOCHS: min(cuts)} if cuts else {}


def _labelled(
    piece: pa.Table, labels: LabelTable, matches: _Matches, without_matches: float
) -> pa.Table:
    lines = labels.find(piece.column("_id").to_numpy())
    piece, lines = piece.filter(pa.array(lines >= 0)), lines[lines >= 0]
    stars, copies = labels.stars[lines], labels.copies[lines]
    piece = matches.fill(piece, labels.parents[lines], np.isin(copies.astype(str), KINDS))
    blank = np.array([star_fraction(star, BLANK_SALT) < without_matches for star in stars], bool)
    for name in MATCHED if blank.any() else ():
        if name in piece.schema.names:
            place = piece.schema.get_field_index(name)
            values = pc.if_else(pa.array(~blank), piece.column(name), None)
            piece = piece.set_column(place, piece.schema.field(place), values)
    piece = piece.append_column(STAR, pa.array(stars, pa.string()))
    piece = piece.append_column(SURVEY, pa.array(labels.surveys[lines], pa.string()))
    piece = piece.append_column(COPY, pa.array(copies, pa.string()))
    for name in labels.names:
        found = labels.values(name, lines)
        piece = piece.append_column(name, pa.array(found, mask=np.isnan(found)))
    return piece
