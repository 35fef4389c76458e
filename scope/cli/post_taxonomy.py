"""``post-taxonomy``: a tree of classes to Fritz."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from scope.cli.arguments import Parser
from scope.cli.fritz_options import add_fritz_options, add_groups, open_fritz
from scope.cli.run import run_command


def build_parser(prog: str = "post-taxonomy") -> Parser:
    """Return the parser of the command."""
    parser = Parser(prog=prog, description="Give a tree of classes to Fritz.")
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
    return parser


def post_taxonomy(args: argparse.Namespace) -> None:
    """Run the command."""
    from scope.config.load import load_config
    from scope.fritz import taxonomy

    tree = taxonomy.read_hierarchy(args.taxonomy)
    with open_fritz(load_config(config_path=args.config_path), dry_run=args.dry_run) as fritz:
        number = taxonomy.post_taxonomy(
            fritz,
            tree,
            name=args.name,
            version=args.version,
            group_ids=args.group_ids,
            provenance=args.provenance,
        )
    if number is not None:
        print(f"taxonomy {number}: {len(taxonomy.class_names(tree))} classes")


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``post-taxonomy``."""
    return run_command(build_parser(), post_taxonomy, argv)


if __name__ == "__main__":
    sys.exit(main())
