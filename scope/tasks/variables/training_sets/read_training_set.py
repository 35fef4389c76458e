"""Reading training sets: labelled features as Parquet, HDF5 or CSV."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from scope.errors import InputError, MissingColumnError, few
from scope.io import has_table, read_hdf, read_metadata, read_schema, read_table
from scope.io.frames import from_frame
from scope.io.kinds import MATCH_IDS as SURVEY_IDS
from scope.io.kinds import STAR_NAMES
from scope.io.user_tables import plain_table, read_user_table, require_rows
from scope.io.values import exact_ids, exact_names, exact_numbers
from scope.jsontext import parse_json
from scope.schema import require_columns

if TYPE_CHECKING:
    import pandas as pd

_log = logging.getLogger(__name__)

STAR = "star"
"""Column of a training set that names the star of each row."""

SURVEY = "survey"
"""Column that tells where a row is from; a training set need not have it."""

COPY = "copy"
"""Column with the kind of a copy that was made of another light curve (`scope.surveys.twins`),
empty for all others; a training set need not have it."""

DMDT = "dmdt"


def training_columns(path: str | Path) -> list[str]:
    """Return the names of the columns of a training set.

    Raises
    ------
    NotFoundError, CorruptFileError
    """
    if Path(path).suffix.lower() == ".parquet":
        return list(read_schema(path).names)
    return [str(name) for name in _read_frame(path).columns]


def read_training_set(
    path: str | Path,
    needed: Sequence[str],
    wanted: Sequence[str] = (),
    period_suffix: str | None = None,
) -> tuple[pa.Table, dict[str, Any]]:
    """Read some columns of a training set.

    Parameters
    ----------
    path : path
        ``.parquet``, ``.h5`` (table ``df``; ``dmdt`` may stand under a key of its own) or
        ``.csv`` (``dmdt`` as JSON).
    needed : sequence of str
        Columns that must be there, besides what names the stars.
    wanted : sequence of str
        Columns to read where they are there.
    period_suffix : str, optional
        Period search of the needed columns, to tell what is wrong if they are of another.

    Returns
    -------
    table : pyarrow.Table
        With the column ``star`` (string): the same for rows of one star.
    facts : dict
        Metadata of the file.

    Raises
    ------
    NotFoundError, CorruptFileError
    MissingColumnError
        If a column is missing, or nothing tells which rows are of one star.
    InputError
        If there are no rows, a name or id of a star may have lost digits, or another column
        holds something that is no number.
    """
    whole: pa.Table | None = None
    if Path(path).suffix.lower() == ".parquet":
        names, facts = read_schema(path).names, read_metadata(path)
    else:
        frame = _read_frame(path)
        facts = {str(name): value for name, value in frame.attrs.items()}
        whole = from_frame(frame)
        names = whole.schema.names
    if period_suffix is not None:
        _check_search(names, needed, period_suffix, path)
    require_columns(names, needed, f" in training set {path}")
    tell = [name for name in (*STAR_NAMES, *SURVEY_IDS) if name in names]
    kept = list(dict.fromkeys([*needed, *(name for name in wanted if name in names)]))
    columns = list(dict.fromkeys([*kept, *tell]))
    table = plain_table(read_table(path, columns)) if whole is None else whole.select(columns)
    require_rows(table.num_rows, path)
    stars = _star_names(table, tell, path)
    table = numeric(table.select([name for name in kept if name != STAR]), path)
    return table.append_column(STAR, pa.array(stars, pa.string())), facts


def numeric(table: pa.Table, path: str | Path) -> pa.Table:
    """Return a table whose texts are numbers, but for histograms and the origin of rows.

    An infinite number measures nothing: imputers and models take it for a missing one, in
    training as in scoring. A warning names the columns that have some.

    Raises
    ------
    InputError
        If a text is no number; the message names column and row.
    """
    for number, field in enumerate(table.schema):
        kind = field.type
        plain = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
        if field.name == DMDT or plain or pa.types.is_nested(kind):
            _say_infinite(table.column(number), field.name, path)
            continue
        column = table.column(number)
        values = (
            pa.array(exact_names(column, SURVEY, path), pa.string())
            if field.name == SURVEY
            else pa.array(exact_numbers(column, field.name, path), from_pandas=True)
        )
        table = table.set_column(number, field.name, values)
        _say_infinite(table.column(number), field.name, path)
    return table


def _say_infinite(column: pa.ChunkedArray, name: str, path: str | Path) -> None:
    if not pa.types.is_floating(column.type):
        return
    rows = np.flatnonzero(np.isinf(column.to_numpy(zero_copy_only=False)))
    if len(rows):
        _log.warning(
            "%s: %d infinite values of %s count as missing (rows %s)",
            path,
            len(rows),
            name,
            few(rows + 1),
        )


def check_labels(table: pa.Table, labels: Iterable[str], path: str | Path) -> None:
    """Raise InputError if a label of a training set is no probability; empty is unknown."""
    for name in labels:
        values = np.asarray(table.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False))
        wrong = np.flatnonzero((values < 0) | (values > 1))
        if len(wrong):
            raise InputError(
                f"label {name!r} of {path} that is no probability",
                value=f"{values[wrong[0]]} in row {wrong[0] + 1} ({len(wrong)} such rows)",
                allowed="0 to 1; empty where it is not known",
            )


def _check_search(
    names: Sequence[str], needed: Sequence[str], suffix: str, path: str | Path
) -> None:
    """Raise if the columns of a period search are missing and those of another are there."""
    missing = [name for name in needed if name not in names and name.endswith(f"_{suffix}")]
    others = [name.removeprefix("period_") for name in names if name.startswith("period_")]
    if missing and others and suffix not in others:
        raise MissingColumnError(
            f"training set {path} with the features of another period search",
            value=", ".join(others),
            allowed=suffix,
            todo="train with --period-suffix (features.info.period_suffix) of the training set, or "
            f"compute its features with {suffix}",
        )


def _read_frame(path: str | Path) -> pd.DataFrame:
    """Read an HDF5 or CSV file, histograms as lists."""
    frame = read_user_table(path)
    hdf = Path(path).suffix.lower() in (".h5", ".hdf5")
    if DMDT not in frame and hdf and has_table(path, DMDT):
        with warnings.catch_warnings():
            # Training sets of other programs have no metadata of this package.
            warnings.simplefilter("ignore", UserWarning)
            frame[DMDT] = _apart(read_hdf(path, DMDT))
    if DMDT in frame and any(isinstance(cell, str) for cell in frame[DMDT]):
        frame[DMDT] = [_histogram(cell, row, path) for row, cell in enumerate(frame[DMDT], 1)]
    return frame


def _histogram(cell: Any, row: int, path: str | Path) -> Any:
    """Return the lists that a text holds."""
    if not isinstance(cell, str):
        return None
    try:
        return parse_json(cell)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"histogram that is no JSON, in row {row} of {path}",
            value=cell[:60],
            allowed="26 lists of 26 numbers",
        ) from error


def _apart(table: Any) -> list[Any]:
    """Return a column that was stored as a table or series of its own."""
    values = table.to_numpy()
    return list(values[:, 0]) if values.ndim == 2 and values.shape[1] == 1 else list(values)


def _star_names(table: pa.Table, tell: Sequence[str], path: str | Path) -> list[str]:
    """Return the name of the star of each row.

    A row without any name or id is a star of its own.

    Raises
    ------
    MissingColumnError
        If that holds for all rows.
    """
    rows = list(zip(*_told(table, tell, path), strict=True))
    if not rows:
        raise MissingColumnError(
            f"training set {path} that does not tell which light curves are of one star",
            value=f"none of {', '.join((*STAR_NAMES, *SURVEY_IDS))} with values",
            todo=f"add a column {STAR!r} with a name or number per star; without it light curves "
            "of one star would train and test the same model",
        )
    return [
        next((name for name in row if name is not None), f"row {number}")
        for number, row in enumerate(rows)
    ]


def _told(table: pa.Table, tell: Sequence[str], path: str | Path) -> list[Sequence[str | None]]:
    """Return what the columns in `tell` that have values call the stars, best first.

    A column of names is enough; of ids, one survey has what another lacks.
    """
    found: list[Sequence[str | None]] = []
    for name in tell:
        cells = list(_named(table.column(name), name, path))
        if any(cell is not None for cell in cells):
            if name in STAR_NAMES:
                return [cells]
            found.append(cells)
    return found


def _named(column: pa.ChunkedArray, name: str, path: str | Path) -> Iterable[str | None]:
    """Return what a column calls the stars; no id is 0."""
    if name in STAR_NAMES:
        return exact_names(column, name, path)
    ids = exact_ids(column, name, path).to_numpy(dtype=object, na_value=None)
    return [f"{name} {number}" if number else None for number in ids]
