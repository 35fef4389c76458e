"""What became of the stars of a field from one release to the next.

Stars of two tables are the same if they share a light curve, or else if nothing is nearer within
the radius on either side. A star's class is the most special one that is probable enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.errors import InputError
from scope.io import read_metadata, read_schema, read_table, write_table
from scope.lightcurves.sky import PositionTree
from scope.product.quality import star_tags
from scope.provenance import record
from scope.schema import Column, arrow_schema, require_columns

ADDED, GONE, RECLASSIFIED, CHANGED, SAME = "added", "gone", "reclassified", "changed", "same"
CHANGES = (ADDED, GONE, RECLASSIFIED, CHANGED)

DELTA: tuple[Column, ...] = (
    Column("star_id", "int64", "", True, "In the later table; null if gone"),
    Column("star_id_before", "int64", "", True, "In the earlier table; null if added"),
    Column("ra", "float64", "deg", True, "Right ascension, ICRS"),
    Column("dec", "float64", "deg", True, "Declination, ICRS"),
    Column("change", "string", "", False, f"One of {', '.join(CHANGES)}"),
    Column("class_before", "string", "", True, "Most special probable class before; null for none"),
    Column("class_after", "string", "", True, "The same after"),
    Column("most_changed", "string", "", True, "Class whose probability changed most"),
    Column("p_before", "float32", "", True, "Its probability before"),
    Column("p_after", "float32", "", True, "The same after"),
    Column("n_light_curves_before", "int32", "", True, "Light curves before"),
    Column("n_light_curves", "int32", "", True, "Light curves after"),
)
"""The columns of a table of changes."""

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class DeltaSummary:
    """Numbers of stars that changed, by the kind of the change.

    Attributes
    ----------
    before, after : int
        Stars in the two tables.
    counts : dict of change to int
        Of `CHANGES` and ``same``.
    moves : dict of (str, str) to int
        Class before and after -> stars that were reclassified so.
    classes : tuple of str
        That both tables have; others cannot be compared.
    only_before, only_after : tuple of str
        Classes of one table alone.
    """

    before: int
    after: int
    counts: Mapping[str, int]
    moves: Mapping[tuple[str, str], int]
    classes: tuple[str, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]


def compare_releases(
    before: str | Path,
    after: str | Path,
    output: str | Path,
    *,
    cut: float = 0.5,
    least_change: float = 0.1,
    radius_arcsec: float = 1.5,
) -> DeltaSummary:
    """Write which stars of two tables of a field were added, went or changed.

    Parameters
    ----------
    before, after : path
        See `scope.product.publish_stars`.
    output : path
        Columns `DELTA`; stars that are the same are left out.
    cut : float
        Probability from which on a class counts.
    least_change : float
        Smallest difference of a probability that counts as a change.
    radius_arcsec : float

    Raises
    ------
    InputError
        If a number is no probability, or a file is no table of stars.
    """
    for name, value in (("cut", cut), ("least change", least_change)):
        if not 0 < value < 1:
            raise InputError(name, value=value, allowed="above 0, below 1")
    tables = [_read(path) for path in (before, after)]
    tags = [star_tags(table.column_names) for table in tables]
    both = [tag for tag in tags[1] if tag in tags[0]]
    pairs = _same_stars(tables[0], tables[1], radius_arcsec)
    parents = _parents(read_metadata(after), both)
    p = [_probabilities(table, both) for table in tables]
    names = [_class_of(values, both, parents, cut) for values in p]
    rows, same = _rows(tables, pairs, p, names, both, least_change)
    table = pa.Table.from_pylist(rows, schema=arrow_schema(DELTA))
    facts: dict[str, Any] = {
        "before": _told(before),
        "after": _told(after),
        "cut": cut,
        "least_change": least_change,
    }
    write_table(table, output, record("delta", None, **facts))
    counts = {change: sum(row["change"] == change for row in rows) for change in CHANGES}
    moves: dict[tuple[str, str], int] = {}
    for row in rows:
        if row["change"] == RECLASSIFIED:
            move = (row["class_before"] or "none", row["class_after"] or "none")
            moves[move] = moves.get(move, 0) + 1
    return DeltaSummary(
        len(tables[0]),
        len(tables[1]),
        {**counts, SAME: same},
        dict(sorted(moves.items(), key=lambda item: (-item[1], item[0]))),
        tuple(both),
        tuple(tag for tag in tags[0] if tag not in both),
        tuple(tag for tag in tags[1] if tag not in both),
    )


def _told(path: str | Path) -> dict[str, Any]:
    """Return what of the record of a table says which release it is."""
    facts = read_metadata(path)
    wanted = ("pipeline_version", "stages", "config_hash", "data_release", "bundle")
    return {name: facts[name] for name in wanted if name in facts}


def _read(path: str | Path) -> pa.Table:
    names = read_schema(path).names
    require_columns(
        names, ["star_id", "ra", "dec", "light_curves", "n_light_curves"], f" in {path}"
    )
    return read_table(path)


def _same_stars(before: pa.Table, after: pa.Table, radius_arcsec: float) -> Integers:
    """Return the row before of each row after, -1 where there is none."""
    owners = [_owners(table) for table in (before, after)]
    found = np.full(len(after), -1, dtype=np.int64)
    _, one, other = np.intersect1d(owners[0][0], owners[1][0], return_indices=True)
    shared = np.stack([owners[1][1][other], owners[0][1][one]], axis=1)
    pairs, counts = np.unique(shared, axis=0, return_counts=True)
    taken = np.zeros(len(before), dtype=bool)
    # The star that shares most light curves is the same one; of equal ones the first.
    for place in np.lexsort((pairs[:, 1], pairs[:, 0], -counts)) if len(pairs) else []:
        late, early = pairs[place]
        if found[late] < 0 and not taken[early]:
            found[late], taken[early] = early, True
    left, free = np.flatnonzero(found < 0), np.flatnonzero(~taken)
    places = [[t.column(axis).to_numpy() for axis in ("ra", "dec")] for t in (before, after)]
    tree = PositionTree(places[0][0][free], places[0][1][free])
    nearest, distance = tree.nearest(places[1][0][left], places[1][1][left], radius_arcsec)
    for row in np.argsort(distance, kind="stable"):
        if nearest[row] >= 0 and not taken[free[nearest[row]]]:
            found[left[row]] = free[nearest[row]]
            taken[free[nearest[row]]] = True
    return found


def _owners(table: pa.Table) -> tuple[Integers, Integers]:
    """Return the ids of all light curves, and the row of the star of each."""
    lists = table.column("light_curves").combine_chunks()
    if isinstance(lists, pa.ChunkedArray):
        lists = pa.concat_arrays(lists.chunks) if lists.num_chunks else lists
    if not len(table):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    counts = np.diff(lists.offsets.to_numpy())
    return lists.flatten().to_numpy(), np.repeat(np.arange(len(table)), counts)


def _probabilities(table: pa.Table, tags: list[str]) -> Floats:
    columns = [table.column(f"{tag}_p").to_numpy().astype(np.float64) for tag in tags]
    return np.stack(columns, axis=1) if columns else np.zeros((len(table), 0))


def _parents(facts: Mapping[str, Any], tags: list[str]) -> dict[str, str | None]:
    tree = facts.get("star_probabilities", {}).get("tree", {})
    return {tag: tree.get(tag) for tag in tags}


def _class_of(
    p: Floats, tags: list[str], parents: Mapping[str, str | None], cut: float
) -> list[str | None]:
    """Return the most special class that is probable enough; of equal ones the likelier."""

    def depth(tag: str | None) -> int:
        steps = 0
        while tag is not None and steps < len(tags):
            tag, steps = parents.get(tag), steps + 1
        return steps

    if not tags:
        return [None] * len(p)
    depths = np.array([depth(tag) for tag in tags], dtype=np.float64)
    with np.errstate(invalid="ignore"):
        rank = np.where(p >= cut, depths + p / 2, -1.0)
    best = np.argmax(rank, axis=1)
    return [
        tags[place] if rank[row, place] > 0 else None for row, place in enumerate(best.tolist())
    ]


def _rows(
    tables: list[pa.Table],
    pairs: Integers,
    p: list[Floats],
    names: list[list[str | None]],
    tags: list[str],
    least_change: float,
) -> tuple[list[dict[str, Any]], int]:
    """Return the rows of changes by position in the later table, then what is gone."""
    before, after = ({n: t.column(n).to_pylist() for n in _KEPT} for t in tables)
    rows: list[dict[str, Any]] = []
    same = 0
    for late, early in enumerate(pairs.tolist()):
        row = {
            "star_id": after["star_id"][late],
            "ra": after["ra"][late],
            "dec": after["dec"][late],
            "class_after": names[1][late],
            "n_light_curves": after["n_light_curves"][late],
        }
        if early < 0:
            rows.append({**row, "change": ADDED})
            continue
        row |= {
            "star_id_before": before["star_id"][early],
            "class_before": names[0][early],
            "n_light_curves_before": before["n_light_curves"][early],
        }
        change = _change(p[0][early], p[1][late], least_change)
        if row["class_before"] != row["class_after"]:
            row["change"] = RECLASSIFIED
        elif change is not None:
            row["change"] = CHANGED
        else:
            same += 1
            continue
        most = _most_changed(p[0][early], p[1][late])
        if most is not None:
            early_p, late_p = (_known(values[most]) for values in (p[0][early], p[1][late]))
            row |= {"most_changed": tags[most], "p_before": early_p, "p_after": late_p}
        rows.append(row)
    for early in np.setdiff1d(np.arange(len(tables[0])), pairs).tolist():
        rows.append(
            {
                "star_id_before": before["star_id"][early],
                "ra": before["ra"][early],
                "dec": before["dec"][early],
                "change": GONE,
                "class_before": names[0][early],
                "n_light_curves_before": before["n_light_curves"][early],
            }
        )
    return rows, same


_KEPT = ("star_id", "ra", "dec", "n_light_curves")


def _change(early: Floats, late: Floats, least: float) -> int | None:
    """Return the class that changed most, if it changed enough; one that came or went did."""
    most = _most_changed(early, late)
    if most is None:
        return None
    one, other = early[most], late[most]
    return most if np.isnan(one) or np.isnan(other) or abs(other - one) >= least else None


def _most_changed(early: Floats, late: Floats) -> int | None:
    """Return the class that changed most; one that came or went comes first, None for none."""
    difference = np.abs(late - early)
    difference[np.isnan(early) != np.isnan(late)] = np.inf
    if not len(difference) or np.isnan(difference).all():
        return None
    most = int(np.nanargmax(difference))
    return most if difference[most] > 0 else None


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
