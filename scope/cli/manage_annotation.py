"""``scope-manage-annotation``: values in the annotations of sources on Fritz."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser
from scope.cli.fritz_options import add_fritz_options, add_groups
from scope.cli.run import command_main, say

DESCRIPTION = "Post, update or delete a value in the annotations of sources."


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
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


def run(options: argparse.Namespace) -> None:
    """Annotate, and say of each source what was done."""
    from scope.fritz.manage_annotation import manage_annotation

    manage_annotation(
        options.action,
        options.source,
        say,
        origin=options.origin,
        key=options.key,
        value=options.value,
        group_ids=options.group_ids,
        dry_run=options.dry_run,
        config_path=options.config_path,
    )


main = command_main("scope-manage-annotation")

if __name__ == "__main__":
    raise SystemExit(main())
