"""Reading a catalogue in batches of arrays, and the best rows of a class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scope.catalog.publish import is_score
from scope.catalog.strangers import novelty_columns, strange_rows
from scope.errors import InputError
from scope.io import iter_batches, read_schema
from scope.plugins import ALGORITHMS
from scope.report.algorithms import compared
from scope.report.sampling import Smallest
from scope.schema import PLACE_NAMES

BATCH_ROWS = 32_768
N_CANDIDATES = 12
"""Rows kept per class to choose examples from: a star may have several of them."""

_FLOATS = ("ra", "dec", "period", "log10_fap")
_INTEGERS = {"field": -1, "ccd": -1, "quad": -1, "filter": -1, "n_epochs": 0, "Gaia_EDR3___id": 0}
_OBJ_ID = "obj_id"


@dataclass(frozen=True)
class Rows:
    """A batch of a catalogue.

    Attributes
    ----------
    ids : (n,) int64
    numbers : dict of (n,) arrays
        ``ra``, ``dec`` (deg), ``period`` (d) and ``log10_fap``, NaN where null; ``field``, ``ccd``,
        ``quad``, ``filter``, -1 where null; ``n_epochs``, ``Gaia_EDR3___id``, 0 where null.
    names : (n,) object
        What the list asked for calls the object; empty where it has no name.
    imputed : dict of (n,) int64
        Bitmasks of what was filled in, by column: one for all models, or one for each.
    reasons : pyarrow.ChunkedArray of str
    scores : dict of (n,) float arrays
        By column name, NaN where there is none.
    probabilities : dict of (n,) float arrays
        ``{tag}_p`` by tag, of the classes that have one; NaN where there is none.
    classified : (n,) bool
        Whether there is a score of any class.
    strange : (n,) bool
        Whether it is unlike anything that the models know, and gets no label.
    algorithms : tuple of str
        That are compared.
    """

    ids: npt.NDArray[np.int64]
    numbers: dict[str, npt.NDArray[np.generic]]
    names: npt.NDArray[np.object_]
    imputed: dict[str, npt.NDArray[np.int64]]
    reasons: pa.ChunkedArray
    scores: dict[str, npt.NDArray[np.floating]]
    probabilities: dict[str, npt.NDArray[np.floating]]
    classified: npt.NDArray[np.bool_]
    strange: npt.NDArray[np.bool_]
    algorithms: tuple[str, ...]

    def scores_of(self, tag: str) -> dict[str, npt.NDArray[np.floating]]:
        """Return the scores of a class by algorithm, NaN where there is none.

        Of each algorithm (n,) float32.
        """
        none = np.full(len(self.ids), np.nan, np.float32)
        return {name: self.scores.get(f"{tag}_{name}", none) for name in self.algorithms}

    def compared_scores(self, tag: str) -> list[npt.NDArray[np.floating]]:
        """Return the scores of a class by those algorithms that have it, if these are several.

        Of each (n,) float32.
        """
        there = [name for name in self.algorithms if f"{tag}_{name}" in self.scores]
        return [self.scores[f"{tag}_{name}"] for name in there] if len(there) > 1 else []

    def probability_of(self, tag: str) -> npt.NDArray[np.floating]:
        """Return the probabilities of a class, NaN where there is none.

        (n,) float32.
        """
        none = np.full(len(self.ids), np.nan, np.float32)
        return self.probabilities.get(tag, none)


def score_tags(path: Path) -> list[str]:
    """Return the tags of a catalogue's score columns, in the order of the columns."""
    tags = (tag_of(name) for name in read_schema(path).names)
    return list(dict.fromkeys(tag for tag in tags if tag))


def compared_algorithms(path: Path) -> tuple[str, ...]:
    """Return the algorithms that a catalogue compares."""
    return _compared(read_schema(path).names)


def _compared(names: Iterable[str]) -> tuple[str, ...]:
    return compared(name.rpartition("_")[2] for name in names if is_score(name))


def tag_of(column: str) -> str:
    """Return the tag of a score column ``{tag}_{algorithm}``, empty for other columns."""
    return column.rpartition("_")[0] if is_score(column) else ""


def imputed_columns(names: Iterable[str]) -> list[str]:
    """Return the columns with bitmasks: one, or one for each algorithm trained apart."""
    return [n for n in names if n in ("imputed", *(f"imputed_{one}" for one in ALGORITHMS))]


def iter_rows(
    path: Path, batch_rows: int = BATCH_ROWS, strange_below: float = 0.0
) -> Iterator[Rows]:
    """Yield a catalogue in batches of at most `batch_rows` rows.

    Rows with an ``ood_p`` below `strange_below` are marked as strange.

    Raises
    ------
    NotFoundError, CorruptFileError, MissingColumnError
    InputError
        If a score is outside 0 to 1.
    """
    there = read_schema(path).names
    masks, novelty = imputed_columns(there), novelty_columns(there)
    names = [name for name in there if tag_of(name)]
    tags = [tag for tag in dict.fromkeys(map(tag_of, names)) if f"{tag}_p" in there]
    integers = [name for name in _INTEGERS if name in there or name not in PLACE_NAMES]
    columns = ["_id", *_FLOATS, *integers, "reason", *(masks or ["imputed"]), *novelty, *names]
    columns += [*(f"{tag}_p" for tag in tags), *([_OBJ_ID] if _OBJ_ID in there else [])]
    for batch in iter_batches(path, columns=columns, rows=batch_rows):
        yield _rows(batch, path, names, tags, masks, novelty, strange_below)


def _rows(
    batch: pa.Table,
    path: Path,
    names: list[str],
    tags: list[str],
    masks: list[str],
    novelty: list[str],
    strange_below: float,
) -> Rows:
    scores = {name: _floats(batch.column(name)) for name in names}
    classified = np.zeros(batch.num_rows, bool)
    for name, values in scores.items():
        _check_scores(values, name, path)
        classified |= ~np.isnan(values)
    numbers: dict[str, npt.NDArray[np.generic]] = {
        **{name: _floats(batch.column(name)) for name in _FLOATS},
        **{
            name: _integers(batch.column(name), null)
            if name in batch.schema.names
            else np.full(batch.num_rows, null)
            for name, null in _INTEGERS.items()
        },
    }
    strange = np.zeros(batch.num_rows, bool)
    if novelty:
        unlike = {name: _floats(batch.column(name)) for name in novelty}
        strange = strange_rows(unlike, strange_below) & classified
    probabilities = {tag: _floats(batch.column(f"{tag}_p")) for tag in tags}
    for tag, found in probabilities.items():
        _check_scores(found, f"{tag}_p", path)
    return Rows(
        ids=_integers(batch.column("_id"), 0),
        numbers=numbers,
        names=_names(batch),
        imputed={name: _integers(batch.column(name), 0) for name in masks},
        reasons=batch.column("reason"),
        scores=scores,
        probabilities=probabilities,
        classified=classified,
        strange=strange,
        algorithms=_compared(names),
    )


def _names(batch: pa.Table) -> npt.NDArray[np.object_]:
    """Return what the user calls each object, empty where nothing."""
    if _OBJ_ID not in batch.schema.names:
        return np.full(batch.num_rows, "", dtype=object)
    column = batch.column(_OBJ_ID).cast(pa.string())
    return np.asarray(pc.fill_null(column, "").to_numpy(zero_copy_only=False), dtype=object)


def mean_score(scores: Iterable[npt.NDArray[np.floating]]) -> npt.NDArray[np.floating]:
    """Return the mean of those scores that are there; (n,), NaN where none is.

    `scores`: of each algorithm (n,) float.
    """
    columns = list(scores)
    counts = np.sum([~np.isnan(column) for column in columns], axis=0)
    first, *others = (np.where(np.isnan(column), 0, column) for column in columns)
    total = first
    for column in others:
        total = total + column
    return np.where(
        counts, total / np.maximum(counts, 1).astype(total.dtype), total.dtype.type(np.nan)
    )


def best_rows() -> Smallest:
    """Return an empty list of the best rows of a class, for `add_best`."""
    return Smallest(N_CANDIDATES)


def add_best(best: Smallest, rows: Rows, tag: str) -> None:
    """Add the rows of highest mean score for a class that are not strange, equal ones by id."""
    scores = rows.scores_of(tag)
    mean = mean_score(scores.values())
    there = np.flatnonzero(~np.isnan(mean) & ~rows.strange)
    # Few rows of a large batch can be among the best: the others are not sorted.
    if len(there) > best.size:
        least = np.partition(mean[there], -best.size)[-best.size]
        there = there[mean[there] >= least]
    numbers = (*_FLOATS, "filter", "n_epochs", "Gaia_EDR3___id")
    columns = {name: rows.numbers[name][there] for name in numbers}
    further = {"mean": mean, **scores, "name": rows.names, "p": rows.probability_of(tag)}
    columns.update({name: values[there] for name, values in further.items()})
    best.add(-mean[there], rows.ids[there], **columns)


def _check_scores(values: npt.NDArray[np.floating], name: str, path: Path) -> None:
    bad = (values < 0) | (values > 1)
    if np.any(bad):
        raise InputError(
            f"score that is none, column {name} of {path}",
            value=float(values[np.argmax(bad)]),
            allowed="0 to 1, or null",
        )


def _floats(column: pa.ChunkedArray) -> npt.NDArray[np.floating]:
    narrow = pa.types.is_float32(column.type)
    return np.asarray((column if narrow else column.cast(pa.float64())).to_numpy())


def _integers(column: pa.ChunkedArray, null: int) -> npt.NDArray[np.int64]:
    filled = pc.fill_null(column, null) if column.null_count else column
    return np.asarray(filled.to_numpy()).astype(np.int64)
