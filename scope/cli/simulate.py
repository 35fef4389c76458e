"""``scope simulate``: write a simulated quadrant in the layout of an archive."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.cli.arguments import Parser, non_negative_int, positive_float, positive_int


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope simulate``; defaults are those of the configuration."""
    from scope.config.sections import Simulation

    defaults = Simulation()
    parser.add_argument(
        "--output", type=Path, required=True, metavar="FOLDER", help="folder to write into"
    )
    parser.add_argument("--field", type=positive_int, default=700, help="field number")
    parser.add_argument("--ccd", type=positive_int, default=1, help="detector, 1 to 16")
    parser.add_argument("--quad", type=positive_int, default=1, help="quadrant, 1 to 4")
    parser.add_argument(
        "--n-stars", type=positive_int, default=defaults.n_stars, help="stars in the quadrant"
    )
    parser.add_argument(
        "--mix",
        choices=("sky", "balanced"),
        default=defaults.mix,
        help="mostly stars that do not vary, as on the sky, or all classes alike",
    )
    parser.add_argument(
        "--seed", type=non_negative_int, default=defaults.seed, help="start of the random numbers"
    )
    parser.add_argument("--bands", default=defaults.bands, help="filters: some of g, r and i")
    parser.add_argument(
        "--years", type=positive_float, default=defaults.years[0], help="length of the survey, yr"
    )
    parser.add_argument(
        "--n-epochs-median",
        type=positive_int,
        default=defaults.n_epochs_median[0],
        help="epochs of a light curve in the middle",
    )
    parser.add_flag(
        "--with-crossmatch", default=True, help="simulate external catalogues and alerts as well"
    )


def run(options: argparse.Namespace) -> None:
    """Simulate, and say what was written."""
    from scope.surveys.simulation import simulate_quadrant

    print(
        simulate_quadrant(
            options.output,
            field=options.field,
            ccd=options.ccd,
            quad=options.quad,
            n_stars=options.n_stars,
            mix=options.mix,
            seed=options.seed,
            bands=options.bands,
            years=options.years,
            n_epochs_median=options.n_epochs_median,
            with_crossmatch=options.with_crossmatch,
        )
    )
