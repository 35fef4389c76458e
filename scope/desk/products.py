"""Which products there are, and the table of stars that is made of them once.

The desk asks one Parquet file per target, ``desk/<target>.parquet`` in the results: the rows of
the stars' file (or of the catalogue, where there is none), with magnitude, amplitude and colours
of the features beside them, so that no question needs a join. It is made again when a file that
it came from has changed, and can be deleted at any time.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from scope.errors import InputError, NotFoundError
from scope.io import (
    TableWriter,
    count_rows,
    iter_batches,
    metadata_of,
    read_metadata,
    read_schema,
    read_table,
)
from scope.models.calibration.class_tree import ClassTree
from scope.plugins import ALGORITHMS
from scope.provenance import hash_json
from scope.schema import Column, require_columns

VERSION = 5
"""Rises whenever the table is made otherwise."""

STAR_ID = "star_id"
"""Id of a row of stars; the tables of the desk have it as ``_id`` too."""

LIGHT_CURVES = "light_curves"
"""Column of stars with the ids of their light curves."""

ROW_GROUP_ROWS = 32768
BATCH_ROWS = 65536

EXTRAS: tuple[tuple[Column, str], ...] = (
    (Column("mag", "float32", "mag", True, "Median magnitude"), "median"),
    (Column("amplitude", "float32", "mag", True, "5th to 95th percentile"), "i90r"),
    (
        Column("bp_rp", "float32", "mag", True, "Gaia colour"),
        "Gaia_EDR3__phot_bp_mean_mag - Gaia_EDR3__phot_rp_mean_mag",
    ),
    (
        Column("g_r", "float32", "mag", True, "Pan-STARRS colour"),
        "PS1_DR1__gMeanPSFMag - PS1_DR1__rMeanPSFMag",
    ),
    (
        Column("w1_w2", "float32", "mag", True, "AllWISE colour"),
        "AllWISE__w1mpro - AllWISE__w2mpro",
    ),
    (Column("parallax", "float32", "mas", True, "Gaia parallax"), "Gaia_EDR3__parallax"),
)
"""Columns that come from the features: one of their columns, or the difference of two."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Target:
    """The products of one target.

    Attributes
    ----------
    name : str
        ``field_297``, ``ids_mine``, ``gcn_…``.
    results : Path
    rows_file : Path
        Stars, or the catalogue.
    by_star : bool
        Whether a row is a star; else it is a light curve.
    only_features : tuple of path or None
        Its feature files, where others may lie beside them.
    """

    name: str
    results: Path
    rows_file: Path
    by_star: bool
    only_features: tuple[Path, ...] | None = None

    @property
    def catalog(self) -> Path:
        """The catalogue, a row per light curve."""
        return self.results / "catalog" / f"{self.name}.parquet"

    def files(self, *folders: str) -> list[Path]:
        """Return the files of the units in a folder of the results, sorted by name."""
        folder = self.results.joinpath(*folders, self.name)
        return sorted(path for path in folder.glob("*.parquet") if not path.name.startswith("."))

    @property
    def features(self) -> list[Path]:
        """Feature files."""
        return self.files("features") if self.only_features is None else [*self.only_features]

    @property
    def inputs(self) -> list[Path]:
        """Files that the table of the desk is made from."""
        return [self.rows_file, *self.features]


def find_targets(results: str | Path) -> list[Target]:
    """Return the targets that have a catalogue or stars, by name.

    Raises
    ------
    NotFoundError
        If there is no such folder, or nothing in it.
    """
    folder = Path(results)
    if not folder.is_dir():
        raise NotFoundError(
            "no folder of results", value=str(results), todo="name the folder `results` of a run"
        )
    catalogs = {path.stem: path for path in _parquet(folder / "catalog")}
    stars = {path.stem: path for path in _parquet(folder / "stars")}
    names = sorted({*catalogs, *stars})
    if not names:
        raise NotFoundError(
            f"nothing to look at in {folder}",
            allowed="catalog/<target>.parquet, stars/<target>.parquet, stamps/<night>.parquet, "
            "active/spectra, a set of stamps or its model, or tables of an ensemble",
            todo="run the workflow first, such as `make demo`",
        )
    return [
        Target(name, folder, stars.get(name) or catalogs[name], name in stars) for name in names
    ]


def has_stars(results: str | Path) -> bool:
    """Return whether a folder has a catalogue or stars."""
    return bool(_parquet(Path(results) / "catalog") or _parquet(Path(results) / "stars"))


def _parquet(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [path for path in folder.glob("*.parquet") if not path.name.startswith(".")]


def desk_folder(results: Path) -> Path:
    """Return where tables of the desk are kept: in the results, else in the user's own cache."""
    name = hash_json(str(results.resolve()))[:16]
    for folder in (results / "desk", Path.home() / ".cache" / "scope" / "desk" / name):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    return Path(tempfile.mkdtemp(prefix="scope-desk-"))


def prepare_table(target: Target, folder: Path) -> Path:
    """Return the table of a target, made now if it is not there or out of date."""
    path = folder / f"{target.name}.parquet"
    print_of_inputs = _fingerprint(target)
    if path.is_file():
        try:
            if read_metadata(path).get("made_from") == print_of_inputs:
                return path
        except InputError:
            pass  # Truncated or foreign: it is made again.
    _write(target, path, print_of_inputs)
    return path


def filled_columns(path: Path) -> set[str]:
    """Return the columns of a file that have a value, by the statistics of its row groups."""
    metadata = pq.read_metadata(path)
    found = set()
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        for column in map(group.column, range(group.num_columns)):
            facts = column.statistics
            if facts is None or not facts.has_null_count or facts.null_count < group.num_rows:
                found.add(column.path_in_schema)
    return found


def _fingerprint(target: Target) -> str:
    states = [
        [path.name, status.st_size, status.st_mtime_ns]
        for path in target.inputs
        for status in [path.stat()]
    ]
    return hash_json([VERSION, target.name, target.by_star, states])


def _write(target: Target, path: Path, fingerprint: str) -> None:
    schema = read_schema(target.rows_file)
    require_columns(schema.names, ["ra", "dec"], f" in {target.rows_file}")
    names = [
        field.name
        for field in schema
        if not pa.types.is_nested(field.type) or field.name == LIGHT_CURVES
    ]
    extras = _Extras.read(target, schema.names)
    fields = [pa.field("target", pa.string()), pa.field("row", pa.int64())]
    if "_id" not in names and STAR_ID in names:
        fields.append(schema.field(STAR_ID).with_name("_id"))
    fields += [schema.field(name) for name in names]
    tags = class_columns(names)
    leaves = leaf_classes(list(tags), read_metadata(target.rows_file))
    there = {*names, *(column.name for column in extras.columns)}
    logs = [_logarithm(name) for name in LOGARITHMS if name in there]
    made = [column.field for column in (*extras.columns, *(BEST if tags else ()), *logs)]
    made = [field for field in made if field.name not in names]
    metadata = {**metadata_of(schema, target.rows_file), "made_from": fingerprint}
    row = 0
    whole = pa.schema([*fields, *made])
    # What a page costs is the reading of its hundred rows, which lie anywhere.
    with TableWriter(path, whole, metadata, ROW_GROUP_ROWS, compressed=False) as writer:
        for piece in iter_batches(target.rows_file, names, BATCH_ROWS):
            columns = {name: _no_nan(piece.column(name)) for name in names}
            if STAR_ID in columns:
                columns.setdefault("_id", columns[STAR_ID])
            columns |= extras.of(columns) | best_class(columns, tags, leaves)
            columns |= logarithms(columns)
            columns["target"] = pa.array([target.name] * piece.num_rows, pa.string())
            columns["row"] = pa.array(np.arange(row, row + piece.num_rows))
            row += piece.num_rows
            writer.write(pa.table({field.name: columns[field.name] for field in [*fields, *made]}))


LOGARITHMS = ("period", "amplitude")
"""Columns that have their decimal logarithms beside them, ``log_period``: diagrams need them."""


def _logarithm(name: str) -> Column:
    return Column(f"log_{name}", "float32", "", True, f"Decimal logarithm of {name}")


def logarithms(columns: dict[str, Any]) -> dict[str, pa.Array]:
    """Return the logarithms of some columns, null where they are not above 0."""
    found = {}
    for name in LOGARITHMS:
        if name in columns:
            values = _floats(columns[name])
            positive = np.where(values > 0, values, np.nan)
            found[f"log_{name}"] = pa.array(np.log10(positive), from_pandas=True)
    return found


BEST = (
    Column("class", "string", "", True, "Tag of the most probable class without subclasses"),
    Column("class_p", "float32", "", True, "Its probability"),
)


def class_columns(names: Sequence[str]) -> dict[str, str]:
    """Return the column with the probability of each class, by tag.

    ``<tag>_p``, else the score by the last of the algorithms that have one.
    """
    from scope.catalog.publish import is_score

    found: dict[str, str] = {}
    for ending in (f"_{algorithm}" for algorithm in ALGORITHMS):
        found |= {name.removesuffix(ending): name for name in names if name.endswith(ending)}
    found = {tag: name for tag, name in found.items() if is_score(name)}
    found |= {
        name.removesuffix("_p"): name
        for name in names
        if name.endswith("_p") and (f"{name}_train" in names or f"{name[:-2]}_set" in names)
    }
    return found


def class_parents(tags: Sequence[str], record: Mapping[str, Any]) -> dict[str, str | None]:
    """Return which of some classes each of them is a kind of, the nearest; None for none.

    The record of the product tells the tree that its probabilities agree with; products without
    probabilities are of the tree that ships.
    """
    from scope.config.classes import class_definitions

    parents: dict[str, str | None] = {one.tag: one.parent for one in class_definitions()}
    for name in ("probabilities", "star_probabilities"):
        told = record.get(name) or {}
        parents |= told.get("tree") or {}
    return ClassTree(parents | {tag: parents.get(tag) for tag in tags}).restricted(tags)


def leaf_classes(tags: Sequence[str], record: Mapping[str, Any]) -> list[str]:
    """Return the classes of which no other one of them is a kind."""
    parents = set(class_parents(tags, record).values())
    return [tag for tag in tags if tag not in parents]


def best_class(
    columns: dict[str, Any], tags: dict[str, str], leaves: Sequence[str]
) -> dict[str, pa.Array]:
    """Return the most probable leaf of the class tree and its probability, null without any."""
    if not leaves:
        return {}
    values = np.stack([_floats(columns[tags[tag]]) for tag in leaves])
    known = ~np.isnan(values).all(axis=0)
    place = np.where(np.isnan(values), -np.inf, values).argmax(axis=0)
    best = np.where(known, values[place, np.arange(values.shape[1])], np.nan)
    names = pa.array(leaves, pa.string()).take(pa.array(place))
    return {
        "class": pc.if_else(pa.array(known), names, pa.scalar(None, pa.string())),
        "class_p": pa.array(best.astype(np.float32), from_pandas=True),
    }


def _floats(column: Any) -> Floats:
    values: Floats = column.cast(pa.float32()).to_numpy(zero_copy_only=False)
    return values


def _no_nan(column: pa.ChunkedArray) -> pa.Array:
    """Return a column whose NaN are nulls: the database sorts NaN above all numbers."""
    column = column.combine_chunks()
    if not pa.types.is_floating(column.type):
        return column
    return pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)


@dataclass(frozen=True)
class _Extras:
    """Columns of the features, by id: (n,) each, ids rising."""

    columns: tuple[Column, ...]
    ids: npt.NDArray[np.int64]
    values: dict[str, Floats]

    @classmethod
    def read(cls, target: Target, taken: Sequence[str]) -> _Extras:
        names = set(read_schema(target.features[0]).names) if target.features else set()
        wanted = {
            column: source.split(" - ")
            for column, source in EXTRAS
            if column.name not in taken and names >= set(source.split(" - "))
        }
        needed = sorted({name for sources in wanted.values() for name in sources})
        pieces = list(_feature_pieces(target, needed, _few_ids(target.rows_file, taken)))
        if not wanted or not pieces or not {"_id", STAR_ID} & set(taken):
            return cls((), np.empty(0, np.int64), {})
        ids = np.concatenate([piece["_id"] for piece in pieces])
        order = np.argsort(ids, kind="stable")
        values = {}
        for column, sources in wanted.items():
            parts = [np.concatenate([piece[name] for piece in pieces]) for name in sources]
            value = parts[0] if len(parts) == 1 else parts[0] - parts[1]
            values[column.name] = value[order].astype(np.float32)
        return cls(tuple(wanted), ids[order], values)

    def of(self, rows: dict[str, Any]) -> dict[str, pa.Array]:
        """Return the columns for some rows, null where there are no features."""
        if not self.columns:
            return {}
        ids = rows["_id"].to_numpy(zero_copy_only=False)
        place = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        found = self.ids[place] == ids
        return {
            column.name: pa.array(
                np.where(found, self.values[column.name][place], np.nan), from_pandas=True
            )
            for column in self.columns
        }


def _few_ids(path: Path, names: Sequence[str]) -> npt.NDArray[np.int64] | None:
    """Return the ids of a short table, whose features are few among those of a field."""
    name = STAR_ID if STAR_ID in names else "_id"
    if name not in names or count_rows(path) > BATCH_ROWS:
        return None
    return np.asarray(read_table(path, [name]).column(name).to_numpy())


def _feature_pieces(
    target: Target, names: list[str], ids: npt.NDArray[np.int64] | None
) -> Iterator[dict[str, Any]]:
    for path in target.features:
        for piece in iter_batches(path, ["_id", *names], BATCH_ROWS):
            if ids is not None:
                here = np.isin(piece.column("_id").to_numpy(), ids)
                piece = pa.table(piece.filter(pa.array(here))).combine_chunks()
            found = {name: _floats(piece.column(name)) for name in names}
            yield {"_id": piece.column("_id").to_numpy(), **found}
