"""Labels of light curves, from files of any form."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scope.cells import shortened
from scope.errors import DuplicateIdError, InputError, MissingColumnError
from scope.io.kinds import STAR_NAMES, find_column
from scope.io.user_tables import read_user_table, require_rows
from scope.io.values import exact_ids, exact_names, exact_numbers, light_curve_ids
from scope.jsontext import parse_json
from scope.surveys.label_map import LABELS, Labelling, LabelMap
from scope.tasks.variables.training_sets.assemble_training_set import NO_PARENT, find_sorted

if TYPE_CHECKING:
    import pandas as pd

ID_NAMES = ("_id", "objectid")
STARS = (*STAR_NAMES, "sourceid")
"""Columns that name the light curve and the star; the first one that is there is used."""

CLASS = "class"
LISTS = ("labels", "unknown")

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Labels:
    """Labels of light curves, in ascending order of their ids.

    Attributes
    ----------
    ids : (n,) int64
    stars, surveys : (n,) str
    columns : dict of label to (n,) float32
        Probability from 0 to 1, NaN where it is not known.
    parents : (n,) int64
        Light curve that each is a copy of, `NO_PARENT` for none.
    copies : (n,) str or None
        Kind of copy (`scope.surveys.twins`).
    """

    ids: npt.NDArray[np.int64]
    stars: npt.NDArray[Any]
    surveys: npt.NDArray[Any]
    columns: dict[str, Floats]
    parents: npt.NDArray[np.int64]
    copies: npt.NDArray[Any]

    @property
    def names(self) -> tuple[str, ...]:
        """Labels of which anything is known."""
        return tuple(self.columns)

    def find(self, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the line of each light curve, -1 for those without labels.

        `ids` and the result: (n,) int64.
        """
        return find_sorted(self.ids, ids)

    def values(self, name: str, lines: npt.NDArray[np.int64]) -> Floats:
        """Return the probability of a label in some lines; NaN where it is not known.

        `lines`: (n,) int64; the result: (n,) float32.
        """
        return self.columns[name][lines]


def read_labels(
    paths: Iterable[str | Path],
    label_map: LabelMap | None = None,
    names: Sequence[str] = LABELS,
) -> Labels:
    """Read the labels of light curves.

    Each file (``.parquet``, ``.h5`` or ``.csv``) has a row per light curve: its id (`ID_NAMES`),
    its star (`STARS`; a light curve without a name there is a star of its own), and one of:
    columns called as the labels, with probabilities, empty where not known; a column ``class``,
    with a label map that says what follows from it; lists of label names, ``labels`` and
    ``unknown``. ``survey`` is kept.

    Parameters
    ----------
    paths : iterable of path
    label_map : LabelMap, optional
    names : sequence of str
        Labels that there are.

    Raises
    ------
    NotFoundError, CorruptFileError
    MissingColumnError
        If a file does not tell light curves, stars or labels.
    DuplicateIdError
        If a light curve stands twice.
    InputError
        If an id or a name may have lost digits, a probability is not from 0 to 1, a label is
        unknown, or the label map does not know a class.
    """
    import pandas as pd

    paths = list(paths)
    parts = [_read(path, label_map, tuple(names)) for path in paths]
    if not parts:
        raise InputError("training set without labels", allowed="at least one file")
    require_rows(sum(map(len, parts)), ", ".join(map(str, paths)))
    table = pd.concat(parts, ignore_index=True).sort_values("_id", kind="stable")
    twice = table["_id"][table["_id"].duplicated()]
    if len(twice):
        raise DuplicateIdError("light curve with two lines of labels", value=int(twice.iloc[0]))
    known = [name for name in names if name in table]
    return Labels(
        table["_id"].to_numpy(np.int64),
        table["star"].to_numpy(object),
        table["survey"].to_numpy(object),
        {name: table[name].to_numpy(np.float32) for name in known},
        np.full(len(table), NO_PARENT, np.int64),
        np.full(len(table), None, object),
    )


def _read(path: str | Path, label_map: LabelMap | None, names: tuple[str, ...]) -> pd.DataFrame:
    """Return id, star, survey and labels of one file."""
    import pandas as pd

    frame = read_user_table(path, known=names)
    found = pd.DataFrame(_who(frame, path))
    columns = [name for name in names if name in frame]
    if columns:
        return found.assign(**{name: _probabilities(frame[name], name, path) for name in columns})
    if CLASS in frame and label_map is not None:
        said = [
            _labelling(label_map, name, path) for name in exact_names(frame[CLASS], CLASS, path)
        ]
        lists = [item for item in said if item is not None]
        positive, unknown = [item.labels for item in lists], [item.unknown for item in lists]
        used = np.array([item is not None for item in said], dtype=bool)
        return _from_lists(found[used], positive, unknown, names)
    if LISTS[0] in frame:
        lists_of = {
            name: [_listed(cell, name, row, path) for row, cell in enumerate(frame[name])]
            for name in LISTS
            if name in frame
        }
        nothing: list[Sequence[str]] = [()] * len(found)
        return _from_lists(found, lists_of[LISTS[0]], lists_of.get(LISTS[1], nothing), names)
    raise MissingColumnError(
        f"labels that say nothing, {path}",
        value=", ".join(map(str, frame.columns)),
        allowed=f"columns such as {', '.join(names[:4])}; class, with a label map; or labels",
        todo="add columns of labels, or name a label map with --label-map",
    )


def _who(frame: pd.DataFrame, path: str | Path) -> dict[str, Any]:
    """Return which light curves there are, of which stars, and from where."""
    name = _first(frame, ID_NAMES, "its light curves", path)
    found = light_curve_ids(frame[name], name, path, first=0)
    wrong = np.flatnonzero(found.isna())
    if len(wrong):
        raise InputError(
            f"labels without a light curve, in row {wrong[0]} of {path}",
            value=f"{name} is empty in {len(wrong)} rows",
            allowed="an id in every row",
        )
    ids = found.to_numpy(dtype=np.int64)
    _check_other_ids(frame, name, ids, path)
    star = _first(frame, STARS, "their stars", path)
    stars = exact_names(frame[star], star, path, first=0)
    surveys = (
        exact_names(frame["survey"], "survey", path) if "survey" in frame else [None] * len(ids)
    )
    return {
        "_id": ids,
        "star": [one or f"light curve {own}" for one, own in zip(stars, ids, strict=True)],
        "survey": [one or Path(path).stem for one in surveys],
    }


def _check_other_ids(
    frame: pd.DataFrame, name: str, ids: npt.NDArray[np.int64], path: str | Path
) -> None:
    """Raise InputError if another column of ids says that a row is of another light curve."""
    for other in (other for other in ID_NAMES if other in frame and other != name):
        found = exact_ids(frame[other], other, path, first=0)
        wrong = np.flatnonzero(~found.isna() & (found.to_numpy(np.int64, na_value=0) != ids))
        if len(wrong):
            row = int(wrong[0])
            raise InputError(
                f"labels of two light curves in one row, row {row} of {path}",
                value=f"{name} {ids[row]}, {other} {found[row]} ({len(wrong)} such rows)",
                allowed="one and the same id",
                todo=f"drop the column that is not the light curve's id, {name} or {other}",
            )


def _labelling(label_map: LabelMap, name: str | None, path: str | Path) -> Labelling | None:
    if name is None:
        raise InputError(f"row without a class in {path}", allowed="a class in every row")
    return label_map.of(name)


def _listed(cell: Any, name: str, row: int, path: str | Path) -> Sequence[str]:
    """Return the names of a list; texts of CSV files are JSON."""
    written = cell
    if isinstance(cell, str):
        try:
            cell = parse_json(cell)
        except (ValueError, RecursionError):
            cell = None
    elif name == LISTS[1] and not isinstance(cell, Sequence | np.ndarray):
        # An empty cell: nothing is unknown.
        return ()
    if isinstance(cell, Sequence | np.ndarray) and not isinstance(cell, str):
        return [str(one) for one in cell]
    raise InputError(
        f"column {name!r} that holds no list, in row {row} of {path}",
        value=shortened(str(written)),
        allowed='["EA"], []',
    )


def _probabilities(column: pd.Series[Any], name: str, path: str | Path) -> Floats:
    """Return labels, NaN where they are not known."""
    values = exact_numbers(column, f"label {name!r}", path, first=0)
    wrong = np.flatnonzero((values < 0) | (values > 1))
    if len(wrong):
        raise InputError(
            f"label {name!r} of {path} that is no probability",
            value=f"{values[wrong[0]]} in row {wrong[0]} ({len(wrong)} such rows)",
            allowed="0 to 1; empty where it is not known",
        )
    return values.astype(np.float32)


def _first(frame: pd.DataFrame, names: Sequence[str], what: str, path: str | Path) -> str:
    name = find_column(frame.columns, names)
    if name is not None:
        return name
    raise MissingColumnError(
        f"labels that do not name {what}, {path}",
        value=", ".join(map(str, frame.columns)),
        allowed=" or ".join(names),
    )


def _from_lists(
    found: pd.DataFrame,
    positive: Sequence[Iterable[str]],
    unknown: Sequence[Iterable[str]],
    names: tuple[str, ...],
) -> pd.DataFrame:
    """Return labels 1 where they are listed, NaN where they are unknown, 0 elsewhere."""
    values = np.zeros((len(found), len(names)), dtype=np.float32)
    place = {name: number for number, name in enumerate(names)}
    for value, lists in ((1.0, positive), (np.nan, unknown)):
        for row, listed in enumerate(lists):
            for name in listed:
                if name not in place:
                    raise InputError("unknown label", value=name, allowed=names)
                values[row, place[name]] = value
    return found.assign(**{name: values[:, number] for name, number in place.items()})
