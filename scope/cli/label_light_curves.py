"""``scope label-light-curves``: labels for light curves, from published catalogues."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser, as_options, non_negative_float, positive_float
from scope.cli.run import say

NUMBERS = {
    "radius_arcsec": (positive_float, "a star and its row in a catalogue are closer"),
    "margin_arcsec": (non_negative_float, "a second candidate is farther by so much"),
    "star_radius_arcsec": (positive_float, "light curves so close are of one star"),
    "faint_mag": (non_negative_float, "a second star fainter by so much is no candidate"),
    "epoch": (positive_float, "Julian year of the positions of the light curves"),
}

RULES = ("leave_out", "unknown", "first")


def add_arguments(parser: Parser) -> None:
    """Declare the options; what is not given comes from training.catalogues."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--archive", metavar="FOLDER", help="archive; by default the configured one")
    where.add_argument(
        "--light-curves",
        nargs="+",
        metavar="FILE",
        help="files of light curves, or lists of them: an id and a position each",
    )
    parser.add_argument(
        "--catalogue",
        action="append",
        default=[],
        metavar="MAP=FILE",
        help="a published table and how it is read: csdr1, vsx, asassn, gaia_vari, ogle, chen2020, "
        "or a file; several in the order in which they are trusted",
    )
    for name, example in (("column", "ra=RAdeg"), ("unit", "ra=hourangle")):
        parser.add_argument(
            f"--{name}",
            action="append",
            default=[],
            metavar="KIND=NAME",
            help=f"a {name} of the one catalogue that is named, such as {example}",
        )
    for name, (kind, meaning) in NUMBERS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, metavar="N", help=meaning)
    parser.add_argument("--disagreement", choices=RULES, help="where catalogues contradict others")
    parser.add_argument("--output", required=True, metavar="FOLDER", help="folder to write into")
    parser.add_argument(
        "--features",
        metavar="FILE",
        help="features of the labelled light curves: writes periods.parquet, what our periods are "
        "of the published ones",
    )
    parser.add_flag("--with-light-curves", default=True, help="write the labelled light curves too")
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")


def run(options: argparse.Namespace) -> None:
    """Match, and say what became of all."""
    from scope.workflows.label_light_curves import MatchOptions, label_light_curves

    label_light_curves(as_options(MatchOptions, options), say)
