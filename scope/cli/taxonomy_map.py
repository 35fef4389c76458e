"""``scope taxonomy-map``: which classes on Fritz the columns of our tables mean."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser, positive_int
from scope.cli.run import say
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
        type=positive_int,
        metavar="ID",
        help="which of them, those first in which names are looked for first; by default all",
    )
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")


def run(options: argparse.Namespace) -> None:
    """Write the map, and say what has no class."""
    from scope.fritz.taxonomy_map import write_map

    write_map(
        options.output,
        say,
        columns=options.columns,
        taxonomies=options.taxonomies,
        taxonomy_ids=options.taxonomy_ids,
        config_path=options.config_path,
    )
