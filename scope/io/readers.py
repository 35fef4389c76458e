"""What pandas and astropy look for in a Parquet file beside its columns.

Units and descriptions stand in the metadata of each column. pandas takes ``DataFrame.attrs``
from the key ``PANDAS_ATTRS`` of the file, astropy the header of its tables from
``table_meta_yaml`` and the width of texts from ``table::len::<column>``.
"""

from __future__ import annotations

import json

import pyarrow as pa

PANDAS = b"PANDAS_ATTRS"
ASTROPY = b"table_meta_yaml"
ASTROPY_WIDTH = "table::len::"

UNITS = "units"
"""Key of ``attrs`` with the units of columns, by name."""

ANY_WIDTH = b"0"
"""numpy takes a text type of width 0 for one as wide as the longest. Without a width astropy
measures each text itself, and stumbles over the first null."""


def units_of(schema: pa.Schema) -> dict[str, str]:
    """Return the units of the columns that have one, by name."""
    units = {field.name: _text(field.metadata or {}, b"unit") for field in schema}
    return {name: unit for name, unit in units.items() if unit}


def with_units(schema: pa.Schema, units: dict[str, str]) -> pa.Schema:
    """Return a schema whose columns have these units; other columns stay as they are."""
    fields = [
        field.with_metadata({**(field.metadata or {}), b"unit": units[field.name].encode()})
        if field.name in units
        else field
        for field in schema
    ]
    return pa.schema(fields, metadata=schema.metadata)


def for_other_readers(schema: pa.Schema) -> pa.Schema:
    """Return a schema with what other readers look for, from the metadata of its columns."""
    others = dict(schema.metadata or {})
    # Asked for once: a field makes its metadata anew each time, and products are wide.
    said = [(field, field.metadata or {}) for field in schema]
    units = {field.name: _text(facts, b"unit") for field, facts in said if _text(facts, b"unit")}
    if units:
        others[PANDAS] = json.dumps({UNITS: units}, sort_keys=True, ensure_ascii=False).encode()
    # JSON is YAML as well; in one line, since astropy joins the lines again.
    header = {"datatype": [_header(field.name, facts) for field, facts in said]}
    others[ASTROPY] = json.dumps(header, ensure_ascii=False).encode()
    for field, _ in said:
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            others[f"{ASTROPY_WIDTH}{field.name}".encode()] = ANY_WIDTH
    return schema.with_metadata(others)


def _header(name: str, facts: dict[bytes, bytes]) -> dict[str, str]:
    described = {"unit": _text(facts, b"unit"), "description": _text(facts, b"description")}
    return {"name": name, **{key: text for key, text in described.items() if text}}


def _text(facts: dict[bytes, bytes], key: bytes) -> str:
    return facts.get(key, b"").decode(errors="replace")
