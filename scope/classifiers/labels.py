"""Labels of light curves, from files of any form."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scope.classifiers.assemble import NO_PARENT, find_sorted
from scope.classifiers.training_set import COPY, STAR_NAMES
from scope.errors import DuplicateIdError, InputError, MissingColumnError
from scope.surveys.label_map import LABELS, LabelMap

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
        """Return the line of each light curve, -1 for those without labels."""
        return find_sorted(self.ids, ids)

    def values(self, name: str, lines: npt.NDArray[np.int64]) -> Floats:
        """Return the probability of a label in some lines; NaN where it is not known."""
        return self.columns[name][lines]


def read_labels(
    paths: Iterable[str | Path],
    label_map: LabelMap | None = None,
    names: Sequence[str] = LABELS,
) -> Labels:
    """Read the labels of light curves.

    Each file (``.parquet``, ``.h5`` or ``.csv``) has a row per light curve: its id (`ID_NAMES`),
    its star (`STARS`), and one of: columns called as the labels, with probabilities, empty
    where not known; a column ``class``, with a label map that says what follows from it; lists
    of label names, ``labels`` and ``unknown``. ``survey`` is kept.

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
        If a probability is not from 0 to 1, a label is unknown, or the label map does not
        know a class.
    """
    import pandas as pd

    parts = [_read(path, label_map, tuple(names)) for path in paths]
    if not parts:
        raise InputError("training set without labels", allowed="at least one file")
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
        table["parent"].to_numpy(np.int64),
        table[COPY].to_numpy(object),
    )


def _read(path: str | Path, label_map: LabelMap | None, names: tuple[str, ...]) -> pd.DataFrame:
    """Return id, star, survey and labels of one file."""
    import pandas as pd

    from scope.io import read_dataframe

    with warnings.catch_warnings():
        # Labels come from other programs.
        warnings.simplefilter("ignore", UserWarning)
        frame = read_dataframe(path)
    found = {
        "_id": frame[_first(frame, ID_NAMES, "its light curves", path)],
        "star": frame[_first(frame, STARS, "their stars", path)].astype(str),
        "survey": frame["survey"].astype(str) if "survey" in frame else Path(path).stem,
        "parent": frame["parent"].fillna(NO_PARENT) if "parent" in frame else NO_PARENT,
        COPY: frame.get(COPY),
    }
    columns = [name for name in names if name in frame]
    if columns:
        labels = frame[columns].astype(np.float64)
        _check(labels, path)
        return pd.DataFrame({**found, **{name: labels[name] for name in columns}})
    if CLASS in frame and label_map is not None:
        said = {str(name): label_map.of(str(name)) for name in frame[CLASS].unique()}
        used = frame[CLASS].astype(str).map(lambda name: said[name] is not None)
        lists = [said[str(name)] for name in frame[CLASS][used]]
        positive = [item.labels for item in lists if item is not None]
        unknown = [item.unknown for item in lists if item is not None]
        return _from_lists(pd.DataFrame(found)[used], positive, unknown, names)
    if "labels" in frame:
        empty: list[tuple[str, ...]] = [()] * len(frame)
        return _from_lists(
            pd.DataFrame(found),
            list(frame["labels"]),
            list(frame["unknown"]) if "unknown" in frame else empty,
            names,
        )
    raise MissingColumnError(
        f"labels that say nothing, {path}",
        value=", ".join(map(str, frame.columns)),
        allowed=f"columns such as {', '.join(names[:4])}; class, with a label map; or labels",
        todo="add columns of labels, or name a label map with --label-map",
    )


def _first(frame: pd.DataFrame, names: Sequence[str], what: str, path: str | Path) -> str:
    for name in names:
        if name in frame:
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


def _check(labels: pd.DataFrame, path: str | Path) -> None:
    """Raise unless labels are probabilities; those that are not known are NaN."""
    for name in labels:
        values = labels[name].to_numpy()
        wrong = np.flatnonzero((values < 0) | (values > 1))
        if len(wrong):
            raise InputError(
                f"label {name!r} of {path} that is no probability",
                value=f"{values[wrong[0]]} in row {wrong[0]} ({len(wrong)} such rows)",
                allowed="0 to 1; empty where it is not known",
            )
