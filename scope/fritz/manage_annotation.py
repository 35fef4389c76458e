"""A value in the annotations of one source, or of all sources of a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from scope.errors import (
    MissingColumnError,
    NotFoundError,
    RefusedError,
    ServiceError,
    UsageError,
)
from scope.fritz import annotations as library

_TABLES = (".csv", ".parquet", ".h5", ".hdf5")


def manage_annotation(
    action: Literal["post", "update", "delete"],
    source: str,
    report: Callable[[str], None],
    *,
    origin: str,
    key: str,
    value: str | None = None,
    group_ids: Sequence[int] = (),
    dry_run: bool = False,
    config_path: str | None = None,
) -> None:
    """Post, update or delete the value, and say of each source what was done.

    Parameters
    ----------
    action : {'post', 'update', 'delete'}
    source : str
        Name of a source, or a table with a column obj_id.
    report : callable
        Gets what is to be said, line by line.
    origin, key : str
        Of the annotation, and of the value in it.
    value : str, optional
        For post and update; a table has it in the column `key`.
    group_ids : sequence of int
        Groups that see a new annotation; by default all of yours.
    dry_run : bool
        Show what would be sent, and send nothing.
    config_path : str, optional
        Configuration file to use.

    Raises
    ------
    UsageError
        If there is no value to annotate with.
    MissingColumnError
        If a table lacks a column.
    ServiceError
        If sources are not on Fritz, or it refuses some annotations.
    """
    from scope.config.load import load_config
    from scope.fritz.groups import check_groups
    from scope.fritz.server import open_fritz
    from scope.fritz.sources import check_name

    pairs, empty = _values(action, source, key, value)
    for place in empty:
        report(f"{place}: skipped")
    missing = 0
    refused = 0
    for name, _ in pairs:
        check_name(name, source)
    with open_fritz(load_config(config_path=config_path), report, dry_run=dry_run) as fritz:
        check_groups(fritz, group_ids)
        for name, item in pairs:
            try:
                done = library.manage_annotation(
                    fritz, action, name, origin=origin, key=key, value=item, group_ids=group_ids
                )
            except NotFoundError as error:
                missing += 1
                done = f"not done: {error}"
            except RefusedError as error:
                refused += 1
                done = f"refused: {error.value}"
            report(f"{name}: {done}")
    if missing:
        raise ServiceError("sources that are not on Fritz", value=f"{missing} of {len(pairs)}")
    if refused:
        raise ServiceError("annotations that Fritz refuses", value=f"{refused} of {len(pairs)}")


def _values(
    action: str, source: str, key: str, value: str | None
) -> tuple[list[tuple[str, Any]], list[str]]:
    """Return the name of each source and its new value, and the rows that have none."""
    if source.lower().endswith(_TABLES):
        return _values_of_table(source, None if action == "delete" else key)
    from scope.fritz.annotation_values import parsed_value

    if action != "delete" and value is None:
        raise UsageError("no value to annotate with", todo="give it with --value")
    return [(source, None if value is None else parsed_value(value))], []


def _values_of_table(path: str, key: str | None) -> tuple[list[tuple[str, Any]], list[str]]:
    from scope.cells import is_missing
    from scope.fritz.annotation_values import column_values
    from scope.io.user_tables import read_user_table, require_rows

    table = read_user_table(path, text=[key] if key else [], names=["obj_id"])
    for name in ("obj_id", *([key] if key else [])):
        if name not in table:
            raise MissingColumnError(
                f"no such column in {path}", value=name, allowed=list(table.columns)
            )
    require_rows(table, path)
    values = [None] * len(table) if key is None else column_values(table[key], key, path)
    pairs: list[tuple[str, Any]] = []
    empty: list[str] = []
    for row, (name, value) in enumerate(zip(table["obj_id"], values, strict=True), start=1):
        if is_missing(name):
            empty.append(f"row {row} without obj_id")
        elif key is not None and value is None:
            empty.append(f"{name} without {key} (row {row})")
        else:
            pairs.append((str(name), value))
    return pairs, empty
