"""The state of the stub, in SQLite."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from typing import Any

SCHEMA = """
create table users (id integer primary key, username text, token text, acls text, admin int);
create table groups (id integer primary key, name text unique, single int, created_at text);
create table members (group_id int, user_id int);
create table streams (id integer primary key, name text);
create table filters (id integer primary key, name text, group_id int);
create table telescopes (id integer primary key, name text);
create table instruments (id integer primary key, name text, filters text);
create table taxonomies (id integer primary key, name text, version text, provenance text,
    hierarchy text, isLatest int, groups text, created_at text);
create table objs (id text primary key, ra real, dec real, cone_ra real, cone_dec real,
    origin text, internal_key text, created_at text, modified text);
create table sources (obj_id text, group_id int, active int, requested int default 0,
    saved_at text, saved_by int, serial integer primary key autoincrement,
    unique (group_id, obj_id));
create table candidates (id integer primary key, obj_id text, filter_id int, passed_at text);
create table photometry (id integer primary key, obj_id text, instrument_id int, origin text,
    mjd real, filter text, flux real, fluxerr real, limiting_mag real, magsys text, groups text,
    ra real, dec real, created_at text,
    unique (obj_id, instrument_id, origin, mjd, fluxerr, flux));
create table classifications (id integer primary key autoincrement, obj_id text,
    classification text, taxonomy_id int, probability real, origin text, ml int, author_id int,
    groups text, created_at text, modified text);
create table votes (id integer primary key, classification_id int, voter_id int, vote int,
    created_at text, modified text, unique (classification_id, voter_id));
create table labels (id integer primary key, obj_id text, group_id int, user_id int,
    created_at text, unique (obj_id, group_id, user_id));
create table annotations (id integer primary key autoincrement, obj_id text, origin text,
    data text, author_id int, groups text, created_at text, modified text,
    unique (obj_id, origin));
create table comments (id integer primary key autoincrement, obj_id text, text text,
    author_id int, groups text, attachment_name text, attachment text, created_at text);
create table events (id integer primary key, dateobs text unique, tags text, ra real, dec real,
    error real, created_at text);
"""

Row = dict[str, Any]


def now() -> str:
    return datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


class Database:
    """Rows in and out; one connection, used by one thread at a time."""

    def __init__(self, path: str = ":memory:") -> None:
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.executescript(SCHEMA)

    def all(self, sql: str, *values: Any) -> list[Row]:
        return [_decoded(row) for row in self._connection.execute(sql, values)]

    def one(self, sql: str, *values: Any) -> Row | None:
        row = self._connection.execute(sql, values).fetchone()
        return None if row is None else _decoded(row)

    def value(self, sql: str, *values: Any) -> Any:
        row = self._connection.execute(sql, values).fetchone()
        return None if row is None else row[0]

    def run(self, sql: str, *values: Any) -> int:
        """Change rows and return how many."""
        return self._connection.execute(sql, values).rowcount

    def insert(self, table: str, **values: Any) -> int:
        names = ", ".join(values)
        marks = ", ".join("?" * len(values))
        cursor = self._connection.execute(
            f"insert into {table} ({names}) values ({marks})",
            [
                json.dumps(value) if isinstance(value, list | dict) else value
                for value in values.values()
            ],
        )
        return int(cursor.lastrowid or 0)


def _decoded(row: sqlite3.Row) -> Row:
    found = dict(row)
    for name in ("groups", "tags", "hierarchy", "data", "acls", "filters"):
        if isinstance(found.get(name), str):
            found[name] = json.loads(found[name])
    for name in ("ml", "isLatest", "active", "requested", "admin", "single"):
        if name in found:
            found[name] = bool(found[name])
    return found
