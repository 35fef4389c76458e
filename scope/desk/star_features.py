"""The features of a star beside those of a class, and the stars that are most like it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from scope.desk.products import Target
from scope.desk.sql_text import files_sql, text_sql
from scope.desk.star_facts import clean, find_row, light_curves, standing_for
from scope.errors import NotFoundError, UsageError
from scope.features.registry import REGISTRY
from scope.io import read_schema

if TYPE_CHECKING:
    from scope.desk.desk import Desk

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
MOST_MEMBERS = 5000
"""Light curves that stand for a class or for all."""

MEMBER_ABOVE = 0.7
N_NEIGHBOURS = 12


def features_of(desk: Desk, target: str, text: str, tag: str) -> dict[str, Any]:
    """Return features of a light curve, and quantiles over all rows and over a class.

    Parameters
    ----------
    tag : str
        A class; its members are the rows with a probability above 0.7, at most 5000.

    Raises
    ------
    NotFoundError
        If there is no such star, or the features of the target are gone.
    """
    own_id = standing_for(light_curves(desk, target, find_row(desk, target, text)))
    files = _feature_files(desk, target)
    schema = read_schema(files[0])
    units = {one.name: one for one in schema}
    names = shown_features(schema)
    chosen = ", ".join(f'"{name}"' for name in names)
    own = desk.table.ask(
        f"SELECT {chosen} FROM {files_sql(files)} WHERE _id = {own_id}"
    ).to_pylist()
    everyone = _quantiles(desk, target, "")
    members = _quantiles(desk, target, tag) if tag else {}
    found = []
    for name in names:
        metadata = units[name].metadata or {}
        found.append(
            {
                "name": name,
                "unit": metadata.get(b"unit", b"").decode(),
                "text": metadata.get(b"description", b"").decode(),
                "value": clean(own[0][name]) if own else None,
                "all": everyone[name],
                "members": members.get(name),
            }
        )
    return {"features": found, "class": tag, "n_members": members.get("_n", 0)}


def shown_features(schema: pa.Schema) -> list[str]:
    """Return the columns of numbers that are features, in the order of the file."""
    periodic = tuple(f"{name}_" for name, one in REGISTRY.items() if one.periodic)
    return [
        field.name
        for field in schema
        if (field.name in REGISTRY or field.name.startswith(periodic))
        and (pa.types.is_floating(field.type) or pa.types.is_integer(field.type))
        and getattr(REGISTRY.get(field.name), "group", "") != "position"
        and not field.name.endswith("___id")
    ]


def _feature_files(desk: Desk, target: str) -> list[Path]:
    files = desk.targets[target].features
    if not files:
        raise NotFoundError(
            "no features of this target any more",
            value=target,
            todo="keep results/features, or run the workflow again",
        )
    return files


@lru_cache(maxsize=64)
def _quantiles(desk: Desk, target: str, tag: str) -> dict[str, Any]:
    """Return the quantiles of each feature over some members of a class, or over some rows."""
    files = _feature_files(desk, target)
    names = shown_features(read_schema(files[0]))
    where = "TRUE"
    if tag:
        column = {one["tag"]: one["column"] for one in desk.classes}.get(tag)
        if column is None:
            raise UsageError("no such class", value=tag[:40])
        where = f'"{column}" > {MEMBER_ABOVE}'
    # By hash, so that the choice is a fair sample and always the same.
    members = (
        f"SELECT _id FROM stars WHERE target = {text_sql(target)} AND {where} "
        f"ORDER BY hash(_id) LIMIT {MOST_MEMBERS}"
    )
    levels = ", ".join(map(str, QUANTILES))
    chosen = ", ".join(
        f'quantile_cont(CASE WHEN isfinite("{name}") THEN "{name}" END, [{levels}]) AS "{name}"'
        for name in names
    )
    found = desk.table.ask(
        f"SELECT count(*) AS _n, {chosen} FROM {files_sql(files)} WHERE _id IN ({members})"
    ).to_pylist()[0]
    return {"_n": found.pop("_n"), **{name: found.get(name) for name in names}}


def imputed_files(target: Target) -> list[Path]:
    """Return the files with scaled features of a target, of the newest preprocessing."""
    gathered = sorted(
        target.results.glob(f"gathered/*/{target.name}.parquet"), key=lambda p: p.stat().st_mtime
    )
    if gathered:
        return [gathered[-1]]
    folders = sorted(
        target.results.glob(f"imputed/*/{target.name}"), key=lambda p: p.stat().st_mtime
    )
    return sorted(folders[-1].glob("*.parquet")) if folders else []


def model_columns(path: Path) -> list[str]:
    """Return the columns of scaled features of a file."""
    schema = read_schema(path)
    skipped = ("ra", "dec", "period", "significance", "log10_fap", "ood_p")
    return [
        field.name
        for field in schema
        if pa.types.is_float32(field.type) and field.name not in skipped
    ]


def neighbours(desk: Desk, target: str, text: str) -> dict[str, Any]:
    """Return the stars whose scaled features are nearest, of the same target.

    Distances are Euclidean over the features that come from light curves; a star counts by the
    light curve that stands for it.

    Raises
    ------
    NotFoundError
        If there is no such star, or the scaled features are gone.
    """
    row = find_row(desk, target, text)
    files = imputed_files(desk.targets[target])
    if not files:
        raise NotFoundError(
            "no scaled features of this target any more",
            value=target,
            todo="keep results/gathered, or run the workflow again",
        )
    names = [name for name in model_columns(files[0]) if "__" not in name]
    columns = ", ".join(f'"{name}"' for name in names)
    table = files_sql(files)
    curves = light_curves(desk, target, row)
    own = desk.table.ask(f"SELECT {columns} FROM {table} WHERE _id = {standing_for(curves)}")
    values: list[Any] = [column[0].as_py() for column in own.columns] if len(own) else [None]
    if any(value is None for value in values):
        return {"rows": [], "why": "this light curve has no features for the models"}
    mine = [int(one["_id"]) for one in curves]
    distance = " + ".join(
        f'("{name}" - ({float(value)!r})) ** 2' for name, value in zip(names, values, strict=True)
    )
    found = desk.table.ask(
        f"SELECT _id, sqrt(({distance})::DOUBLE) AS distance FROM {table} "
        f"WHERE reason IS NULL AND _id NOT IN ({', '.join(map(str, mine))}) "
        f"ORDER BY distance, _id LIMIT {6 * N_NEIGHBOURS}"
    )
    ids = found["_id"].to_pylist()
    near = dict(zip(ids, found["distance"].to_pylist(), strict=True))
    shown = [n for n in ("mag", "period", "amplitude", "class", "class_p") if n in desk.table.kinds]
    rows = desk.table.ask(
        f"SELECT _id, {', '.join(chr(34) + name + chr(34) for name in shown)} FROM stars "
        f"WHERE target = {text_sql(target)} AND _id IN ({', '.join(map(str, ids or [-1]))})"
    ).to_pylist()
    rows.sort(key=lambda one: (near[one["_id"]], one["_id"]))
    return {
        "columns": shown,
        "rows": [
            {
                **{name: clean(one[name]) for name in shown},
                "id": str(one["_id"]),
                "distance": float(np.round(near[one["_id"]], 4)),
            }
            for one in rows[:N_NEIGHBOURS]
        ],
        "n_features": len(names),
    }
