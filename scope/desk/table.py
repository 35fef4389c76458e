"""Questions to the table of stars: pages of rows, counts and diagrams, by DuckDB over Parquet."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from scope.catalog.publish import is_score
from scope.desk.diagrams import Diagram, diagrams_of, inside
from scope.desk.expressions import NO_FILTER, Filter, Kind, parse_filter, quoted
from scope.desk.products import LIGHT_CURVES, filled_columns
from scope.desk.sql_text import files_sql, plain, text_sql
from scope.errors import UsageError, few
from scope.io import read_schema

MOST_ROWS = 1000
"""Rows of a page."""

MEMORY = "500MB"
BINS = (180, 120)
MOST_POINTS = 4000
"""Stars that a diagram shows one by one; more are counted in bins."""

RANGE_ROWS = 65536
"""About so many rows, evenly spread, say from where to where a diagram goes."""

QUANTILES = ("approx_quantile({0}, 0.0005)", "approx_quantile({0}, 0.9995)")
HIDDEN = ("target", "row")

_LIKELY = re.compile(r"^p_|(^|_)(p|score|probability|realbogus|drb)$")
"""Names that columns with scores and probabilities have in tables without descriptions."""


@dataclass(frozen=True)
class Question:
    """Question of which stars to show.

    Attributes
    ----------
    filter : str
        See `scope.desk.expressions`.
    regions : tuple of (str, list)
        Diagram and corners of a polygon; a star lies in all of them.
    """

    filter: str = ""
    regions: tuple[tuple[str, list[Any]], ...] = ()


def _says_how_likely(field: pa.Field) -> bool:
    """Whether a column holds scores or probabilities, of which the highest come first.

    As its own description says (`scope.schema`); columns of other programs go by their names.
    """
    declared = (field.metadata or {}).get(b"kind")
    if declared is not None:
        return declared in (b"score", b"probability")
    return is_score(field.name) or _LIKELY.search(field.name) is not None


class StarTable:
    """The tables of the targets as one.

    Parameters
    ----------
    files : mapping of target to path
        Made by `scope.desk.products.prepare_table`.
    threads : int, optional
        By default the cores of this machine.
    readable : sequence of path
        Folders whose files `ask` may read, besides those of the tables.
    """

    def __init__(
        self,
        files: Mapping[str, Path],
        threads: int | None = None,
        readable: Sequence[Path] = (),
    ) -> None:
        self.readable = tuple(readable)
        self.files = {name: Path(path).resolve() for name, path in files.items()}
        self.schema = pa.unify_schemas(
            [read_schema(path).remove_metadata() for path in self.files.values()],
            promote_options="permissive",
        )
        self.kinds: dict[str, Kind] = {
            field.name: kind for field in self.schema if (kind := _kind(field.type)) is not None
        }
        self._database = duckdb.connect()
        self._configure(threads)

    def _configure(self, threads: int | None) -> None:
        paths = ", ".join(text_sql(str(path)) for path in self.files.values())
        tables = sorted({str(path.parent) for path in self.files.values()})
        folders = [*tables, *(str(Path(one).resolve()) for one in self.readable)]
        self._database.execute(
            f"SET threads = {threads or os.cpu_count() or 1}; SET memory_limit = '{MEMORY}';"
            "SET enable_progress_bar = false; SET parquet_metadata_cache = true;"
            "SET autoinstall_known_extensions = false; SET autoload_known_extensions = false;"
            f"SET allowed_directories = [{', '.join(map(text_sql, folders))}];"
            f"SET temp_directory = {text_sql(folders[0] + '/.desk_spill')};"
            "SET enable_external_access = false;"
            f"CREATE VIEW stars AS SELECT * FROM read_parquet([{paths}], union_by_name = true);"
            "SET lock_configuration = true;"
        )

    def ask(self, sql: str, values: Mapping[str, object] | None = None) -> pa.Table:
        """Return the answer to a question; each has a cursor of its own, so threads may ask."""
        cursor = self._database.cursor()
        try:
            return cursor.sql(sql, params=dict(values or {})).to_arrow_table()
        finally:
            cursor.close()

    @cached_property
    def total(self) -> int:
        """Rows of the table."""
        return int(self.ask("SELECT count(*) AS n FROM stars")["n"][0].as_py())

    @cached_property
    def filled(self) -> set[str]:
        """Names of the columns that have a value anywhere."""
        return set().union(*map(filled_columns, self.files.values()))

    @cached_property
    def columns(self) -> list[dict[str, Any]]:
        """Name, kind, unit and description of each column, and whether it says how likely."""
        found = []
        for field in self.schema:
            if field.name in self.kinds and field.name != "row":
                metadata = field.metadata or {}
                unit, text = (metadata.get(key, b"").decode() for key in (b"unit", b"description"))
                kind = self.kinds[field.name]
                about = {"name": field.name, "kind": kind, "unit": unit, "text": text}
                found.append({**about, "likely": _says_how_likely(field)})
        return found

    @cached_property
    def diagrams(self) -> dict[str, Diagram]:
        """The diagrams, by name."""
        if not {"ra", "dec"} <= set(self.kinds):
            return diagrams_of(self.kinds, 0.0)
        means = self.ask(
            "SELECT avg(cos(radians(ra))) AS x, avg(sin(radians(ra))) AS y FROM stars"
        ).to_pylist()[0]
        known = means["x"] is not None
        centre = math.degrees(math.atan2(means["y"], means["x"])) % 360 if known else 180.0
        return diagrams_of(self.kinds, round(centre, 2))

    def where(self, question: Question) -> Filter:
        """Return the condition of a question.

        Raises
        ------
        UsageError
            If the filter or a region makes no sense.
        """
        found = parse_filter(question.filter, self.kinds)
        parts = [found.sql] if found is not NO_FILTER else []
        for name, corners in question.regions:
            if name not in self.diagrams:
                raise UsageError("region on no diagram", value=name, allowed=self.diagrams)
            parts.append(inside(self.diagrams[name], corners))
        return found._replace(sql=" AND ".join(parts) or "TRUE")

    def count(self, question: Question) -> int:
        """Return how many rows there are."""
        where = self.where(question)
        return self._count(where.sql, tuple(where.values.items()))

    @lru_cache(maxsize=256)  # noqa: B019  # the table lives as long as the process
    def _count(self, sql: str, values: tuple[tuple[str, object], ...]) -> int:
        if sql == "TRUE":
            return self.total
        return int(
            self.ask(f"SELECT count(*) AS n FROM stars WHERE {sql}", dict(values))["n"][0].as_py()
        )

    def check_columns(self, names: Sequence[str]) -> list[str]:
        """Return names of columns, none twice.

        Raises
        ------
        UsageError
            If the table lacks one.
        """
        if wrong := [name for name in names if name not in self.kinds]:
            raise UsageError("no such column", value=few(wrong), allowed=few(self.kinds))
        return list(dict.fromkeys(names))

    def page(
        self,
        question: Question,
        columns: Sequence[str],
        *,
        sort: str | None = None,
        descending: bool = False,
        offset: int = 0,
        limit: int = 100,
    ) -> pa.Table:
        """Return some rows, ``target`` and ``row`` first.

        Only the column sorted by is read for all rows, the others for those shown.
        """
        columns = self.check_columns([*HIDDEN, *columns])
        keys = self._keys(question, sort, descending, max(0, offset), min(limit, MOST_ROWS))
        return self.rows(keys, columns)

    def _keys(
        self, question: Question, sort: str | None, descending: bool, offset: int, limit: int
    ) -> list[tuple[str, int]]:
        where = self.where(question)
        if sort is not None:
            self.check_columns([sort])
        backwards, offset, limit = self._from_the_nearer_end(question, offset, limit)
        if limit <= 0:
            return []
        order = "DESC" if backwards else "ASC"
        # Of a single target, its name would only cost time.
        several = [f"target {order}"] if len(self.files) > 1 else []
        terms = [*several, f"row {order}"]
        if sort is not None:
            direction = "DESC" if descending != backwards else "ASC"
            nulls = "FIRST" if backwards else "LAST"
            terms.insert(0, f"{quoted(sort)} {direction} NULLS {nulls}")
        found = self.ask(
            f"SELECT target, row FROM stars WHERE {where.sql} "
            f"ORDER BY {', '.join(terms)} LIMIT {limit} OFFSET {offset}",
            where.values,
        )
        keys = list(zip(found["target"].to_pylist(), found["row"].to_pylist(), strict=True))
        return keys[::-1] if backwards else keys

    def _from_the_nearer_end(
        self, question: Question, offset: int, limit: int
    ) -> tuple[bool, int, int]:
        """Return whether to count from the end, and the offset and limit then.

        The database keeps as many rows as lie before the page.
        """
        count = self.count(question)
        limit = max(0, min(limit, count - offset))
        if offset <= count // 2:
            return False, offset, limit
        return True, count - offset - limit, limit

    def rows(self, keys: Sequence[tuple[str, int]], columns: Sequence[str]) -> pa.Table:
        """Return rows by target and number, in the order asked for."""
        names = [*HIDDEN, *(name for name in columns if name not in HIDDEN)]
        parts = []
        for target in dict.fromkeys(key[0] for key in keys):
            here = [row for name, row in keys if name == target]
            own = set(read_schema(self.files[target]).names)
            chosen = ", ".join(
                quoted(name) if name in own else f"NULL AS {quoted(name)}" for name in names
            )
            parts.append(
                self.ask(
                    f"SELECT {chosen} FROM read_parquet({text_sql(str(self.files[target]))}) "
                    f"WHERE row IN ({', '.join(str(int(row)) for row in here)})"
                )
            )
        if not parts:
            return self.ask(f"SELECT {', '.join(map(quoted, names))} FROM stars LIMIT 0")
        table = pa.concat_tables(parts, promote_options="permissive")
        found = zip(table["target"].to_pylist(), table["row"].to_pylist(), strict=True)
        place = {key: number for number, key in enumerate(found)}
        return table.take([place[key] for key in keys if key in place])

    def find(self, target: str, row_id: int) -> dict[str, Any] | None:
        """Return the row of a light curve or star of a target by its ``_id``."""
        if target not in self.files:
            return None
        found = self.ask(
            f"SELECT * FROM {files_sql([self.files[target]])} WHERE _id = $id LIMIT 1",
            {"id": row_id},
        ).to_pylist()
        return found[0] if found else None

    def find_with_light_curve(self, target: str, row_id: int) -> dict[str, Any] | None:
        """Return the row of a light curve by its ``_id``, or of the star that has it."""
        row = self.find(target, row_id)
        if row is not None or LIGHT_CURVES not in read_schema(self.files[target]).names:
            return row
        found = self.ask(
            f"SELECT * FROM {files_sql([self.files[target]])} "
            f"WHERE list_contains({LIGHT_CURVES}, $id) LIMIT 1",
            {"id": row_id},
        ).to_pylist()
        return found[0] if found else None

    def ranges(self, name: str) -> list[float]:
        """Return from where to where a diagram goes: (x0, x1, y0, y1)."""
        return self._ranges(name)

    @lru_cache(maxsize=16)  # noqa: B019
    def _ranges(self, name: str) -> list[float]:
        diagram = self.diagrams[name]
        sky = name == "sky"
        low_of, high_of = ("min({0})", "max({0})") if sky else QUANTILES
        every = 1 if sky else max(1, self.total // RANGE_ROWS)
        found = self.ask(
            "SELECT "
            + ", ".join(
                f"{low_of.format(axis.sql)} AS {key}0, {high_of.format(axis.sql)} AS {key}1"
                for key, axis in (("x", diagram.x), ("y", diagram.y))
            )
            + f" FROM stars WHERE row % {every} = 0"
        ).to_pylist()[0]
        edges: list[float] = []
        for key in ("x", "y"):
            low, high = found[f"{key}0"], found[f"{key}1"]
            low, high = (0.0, 1.0) if low is None else (float(low), float(high))
            margin = 0.03 * (high - low) or 0.5
            edges += [low - margin, high + margin]
        return edges

    def density(self, question: Question, name: str) -> dict[str, Any]:
        """Return what a diagram shows: points if they are few, else counts in bins.

        Returns
        -------
        dict
            ``range`` (x0, x1, y0, y1), ``bins`` (nx, ny), and ``counts``: (i, j, number)
            one after the other; or ``points``: x, y, target and ``_id``.
        """
        if name not in self.diagrams:
            raise UsageError("no such diagram", value=name, allowed=self.diagrams)
        where, diagram = self.where(question), self.diagrams[name]
        edges = self.ranges(name)
        result = {"range": edges, "bins": BINS, **diagram.facts}
        x, y = diagram.x.sql, diagram.y.sql
        if self.count(question) <= MOST_POINTS:
            identity = '"_id"' if "_id" in self.kinds else '"row"'
            found = self.ask(
                f"SELECT {x} AS x, {y} AS y, target, {identity} AS id FROM stars "
                f"WHERE {where.sql} AND {x} IS NOT NULL AND {y} IS NOT NULL",
                where.values,
            )
            return {**result, "points": {name: plain(found[name]) for name in found.column_names}}
        cells = ", ".join(
            f"CAST(floor(({sql} - {low!r}) / {(high - low) / n!r}) AS INTEGER) AS {key}"
            for key, sql, n, low, high in (
                ("i", x, BINS[0], edges[0], edges[1]),
                ("j", y, BINS[1], edges[2], edges[3]),
            )
        )
        found = self.ask(
            f"SELECT i, j, count(*) AS n FROM (SELECT {cells} FROM stars WHERE {where.sql} AND "
            f"{x} BETWEEN {edges[0]!r} AND {edges[1]!r} AND "
            f"{y} BETWEEN {edges[2]!r} AND {edges[3]!r}) GROUP BY i, j",
            where.values,
        )
        flat = np.stack([found[key].to_numpy() for key in ("i", "j", "n")], axis=1)
        return {**result, "counts": flat.astype(int).ravel().tolist()}

    def batches(self, question: Question, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield all rows asked for, a piece at a time, in the order of the tables."""
        chosen = ", ".join(map(quoted, self.check_columns(columns)))
        yield from self._stream(question, chosen)

    def light_curves(self, question: Question) -> Iterator[list[int]]:
        """Yield the ids of the light curves of all rows asked for, some at a time."""
        of_stars = "light_curves" in self.schema.names
        ids = "coalesce(light_curves, [_id])" if of_stars else "[_id]"
        for batch in self._stream(question, f"unnest({ids}) AS id"):
            yield batch.column("id").to_pylist()

    def _stream(self, question: Question, chosen: str) -> Iterator[pa.RecordBatch]:
        where = self.where(question)
        cursor = self._database.cursor()
        try:
            sql = f"SELECT {chosen} FROM stars WHERE {where.sql}"
            yield from cursor.sql(sql, params=dict(where.values)).to_arrow_reader(16384)
        finally:
            cursor.close()


def _kind(type_: pa.DataType) -> Kind | None:
    if pa.types.is_boolean(type_):
        return "bool"
    if pa.types.is_integer(type_) or pa.types.is_floating(type_):
        return "number"
    is_text = pa.types.is_string(type_) or pa.types.is_large_string(type_)
    return "text" if is_text else None
