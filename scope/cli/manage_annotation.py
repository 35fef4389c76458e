"""``scope-manage-annotation``: values in the annotations of sources on Fritz."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from scope.cli.arguments import Parser
from scope.cli.fritz_options import add_fritz_options, add_groups, open_fritz
from scope.cli.run import run_command
from scope.errors import (
    MissingColumnError,
    NotFoundError,
    RefusedError,
    ServiceError,
    UsageError,
)


def build_parser(prog: str = "scope-manage-annotation") -> Parser:
    """Return the parser of the command."""
    parser = Parser(
        prog=prog, description="Post, update or delete a value in the annotations of sources."
    )
    parser.add_version()
    parser.add_argument("--action", required=True, choices=("post", "update", "delete"))
    parser.add_argument(
        "--source",
        required=True,
        metavar="NAME|FILE",
        help="name of a source, or a table (.csv, .parquet, .h5) with a column obj_id",
    )
    add_groups(parser, "groups that see a new annotation; by default all of yours")
    parser.add_argument("--origin", required=True, metavar="NAME", help="of the annotation")
    parser.add_argument("--key", required=True, metavar="NAME", help="of the value")
    parser.add_argument(
        "--value", metavar="VALUE", help="for post and update; a table has it in the column KEY"
    )
    add_fritz_options(parser, writes=True)
    return parser


def manage_annotation(args: argparse.Namespace) -> None:
    """Run the command."""
    from scope.config.load import load_config
    from scope.fritz.annotations import manage_annotation as manage
    from scope.fritz.groups import check_groups
    from scope.fritz.sources import check_name

    pairs, empty = _values(args)
    for place in empty:
        print(f"{place}: skipped")
    missing = 0
    refused = 0
    for name, _ in pairs:
        check_name(name, args.source)
    with open_fritz(load_config(config_path=args.config_path), dry_run=args.dry_run) as fritz:
        check_groups(fritz, args.group_ids)
        for name, value in pairs:
            try:
                done = manage(
                    fritz,
                    args.action,
                    name,
                    origin=args.origin,
                    key=args.key,
                    value=value,
                    group_ids=args.group_ids,
                )
            except NotFoundError as error:
                missing += 1
                done = f"not done: {error}"
            except RefusedError as error:
                refused += 1
                done = f"refused: {error.value}"
            print(f"{name}: {done}")
    if missing:
        raise ServiceError("sources that are not on Fritz", value=f"{missing} of {len(pairs)}")
    if refused:
        raise ServiceError("annotations that Fritz refuses", value=f"{refused} of {len(pairs)}")


def _values(args: argparse.Namespace) -> tuple[list[tuple[str, Any]], list[str]]:
    """Return the name of each source and its new value, and the rows that have none."""
    if args.source.lower().endswith((".csv", ".parquet", ".h5", ".hdf5")):
        return _values_of_table(args.source, None if args.action == "delete" else args.key)
    from scope.fritz.annotation_values import parsed_value

    if args.action != "delete" and args.value is None:
        raise UsageError("no value to annotate with", todo="give it with --value")
    return [(args.source, None if args.value is None else parsed_value(args.value))], []


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


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``scope-manage-annotation``."""
    return run_command(build_parser(), manage_annotation, argv)


if __name__ == "__main__":
    sys.exit(main())
