"""``post-taxonomy``: a tree of classes to Fritz."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser
from scope.cli.fritz_options import add_fritz_options, add_groups
from scope.cli.run import command_main, say

DESCRIPTION = "Give a tree of classes to Fritz."


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--taxonomy",
        required=True,
        metavar="FILE",
        help="YAML or JSON: {class, subclasses} as the server has it, or names with what is "
        "below them",
    )
    add_groups(parser, "groups that use it; by default the sitewide group, which all are in")
    parser.add_argument("--name", required=True, metavar="NAME", help="of the taxonomy")
    parser.add_argument("--version", default="1.0", metavar="VERSION", help="of the taxonomy")
    parser.add_argument("--provenance", metavar="TEXT", help="where it comes from")
    add_fritz_options(parser, writes=True)


def run(options: argparse.Namespace) -> None:
    """Post the tree, and say by which number."""
    from scope.fritz.post_taxonomy import post_taxonomy

    post_taxonomy(
        options.taxonomy,
        say,
        name=options.name,
        version=options.version,
        group_ids=options.group_ids,
        provenance=options.provenance,
        dry_run=options.dry_run,
        config_path=options.config_path,
    )


main = command_main("post-taxonomy")

if __name__ == "__main__":
    raise SystemExit(main())
