"""``scope-manage-annotation``: values in the annotations of sources on Fritz."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from scope.cli.arguments import Parser
from scope.cli.fritz_options import add_fritz_options, add_groups, open_fritz
from scope.cli.run import run_command
from scope.errors import MissingColumnError, NotFoundError, ServiceError, UsageError


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

    pairs = list(_values(args))
    missing = 0
    with open_fritz(load_config(config_path=args.config_path), dry_run=args.dry_run) as fritz:
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
            print(f"{name}: {done}")
    if missing:
        raise ServiceError("sources that are not on Fritz", value=f"{missing} of {len(pairs)}")


def _values(args: argparse.Namespace) -> Iterator[tuple[str, Any]]:
    """Yield the name of each source and its new value."""
    if args.source.lower().endswith((".csv", ".parquet", ".h5")):
        from scope.cli.upload_classification import read_any_table

        table = read_any_table(args.source)
        wanted = ("obj_id",) if args.action == "delete" else ("obj_id", args.key)
        for name in wanted:
            if name not in table:
                raise MissingColumnError(
                    f"no such column in {args.source}", value=name, allowed=list(table.columns)
                )
        for number, name in enumerate(table["obj_id"]):
            value = None if args.action == "delete" else table[args.key].iat[number]
            value = getattr(value, "item", lambda value=value: value)()
            if isinstance(value, float) and math.isnan(value):
                continue
            yield str(name), value
        return
    if args.action != "delete" and args.value is None:
        raise UsageError("no value to annotate with", todo="give it with --value")
    yield args.source, None if args.value is None else _parsed(args.value)


def _parsed(text: str) -> Any:
    """Return a number for a text that is one."""
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        if math.isfinite(value):
            return value
    return text


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``scope-manage-annotation``."""
    return run_command(build_parser(), manage_annotation, argv)


if __name__ == "__main__":
    sys.exit(main())
