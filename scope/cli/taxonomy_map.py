"""``scope taxonomy-map``: which classes on Fritz the columns of our tables mean."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser
from scope.plugins import ALGORITHMS

COLUMNS = {
    "labels": "columns of training sets",
    "tags": "columns without an algorithm, as of sources of an event",
    **{name: f"columns of scores by {name}" for name in ALGORITHMS},
    "p": "columns of calibrated probabilities in a catalogue",
}


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument("--output", required=True, metavar="FILE", help="map to write, JSON")
    parser.add_argument(
        "--columns",
        choices=tuple(COLUMNS),
        default="tags",
        help="; ".join(f"{name}: {meaning}" for name, meaning in COLUMNS.items()),
    )
    parser.add_argument(
        "--taxonomies",
        metavar="FILE",
        help="JSON or YAML list of {id, name, hierarchy}; by default those of Fritz",
    )
    parser.add_argument(
        "--taxonomy-ids",
        nargs="+",
        type=int,
        metavar="ID",
        help="which of them, those first in which names are looked for first; by default all",
    )
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")


def run(args: argparse.Namespace) -> None:
    """Run the command."""
    from scope.config.load import load_config
    from scope.errors import NotFoundError
    from scope.fritz.taxonomy import fetch_taxonomies, read_taxonomies
    from scope.fritz.taxonomy_map import generate_map
    from scope.io import write_bytes
    from scope.services.fritz import Fritz

    config = load_config(config_path=args.config_path)
    if args.taxonomies:
        taxonomies = read_taxonomies(args.taxonomies)
    else:
        with Fritz(config.fritz_options()) as fritz:
            taxonomies = fetch_taxonomies(fritz)
    if args.taxonomy_ids:
        known = {taxonomy.id: taxonomy for taxonomy in taxonomies}
        for number in args.taxonomy_ids:
            if number not in known:
                raise NotFoundError("no such taxonomy", value=number, allowed=known)
        taxonomies = [known[number] for number in args.taxonomy_ids]
    made, missing = generate_map(columns_of(args.columns, config.class_labels()), taxonomies)
    write_bytes(made.to_json().encode(), args.output)
    print(f"{len(made) - len(missing)} of {len(made)} columns have a class: {args.output}")
    for column in missing:
        print(f"no class for {column}: write it by hand, or leave it out of uploads")


def columns_of(kind: str, labels: dict[str, str]) -> dict[str, str]:
    """Return the label of each column of a kind of table; `labels` are those of the tags."""
    if kind == "labels":
        return {label: label for label in ["non-variable", *labels.values()]}
    suffix = "" if kind == "tags" else f"_{kind}"
    return {
        f"nonvar{suffix}": "non-variable",
        **{f"{tag}{suffix}": label for tag, label in labels.items()},
    }
