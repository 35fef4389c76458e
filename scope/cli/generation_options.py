"""Options of how features are made, for the commands that make them."""

from __future__ import annotations

import argparse

from scope.cli.arguments import (
    Parser,
    available_cpus,
    non_negative_float,
    optional_float,
    positive_float,
    positive_int,
)


def add_generation_options(parser: Parser) -> None:
    """Declare cleaning, period search, device and threads."""
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")
    _add_cleaning(parser)
    _add_search(parser)
    _add_bands(parser)
    parser.add_argument("--fourier", metavar="FORM", help="raw or polar Fourier columns")
    parser.add_ineffective("--doCesium", "no model takes the features of cesium", flag=True)
    _add_device(parser)
    parser.add_argument(
        "--workers",
        "--Ncore",
        type=positive_int,
        default=available_cpus(),
        metavar="N",
        help="CPU cores to use; no number depends on them",
    )


def _add_bands(parser: Parser) -> None:
    parser.add_flag(
        "--doBandsTogether",
        default=None,
        help="search the bands of each star together as well, into columns with suffix BANDS",
    )
    parser.add_argument(
        "--bands-radius-arcsec",
        type=positive_float,
        metavar="ARCSEC",
        help="light curves without obj_id this close to each other are of one star",
    )


def add_survey_options(parser: Parser) -> None:
    """Declare where light curves and catalogues are, and how they are asked for."""
    parser.add_argument(
        "--archive",
        metavar="FOLDER",
        help="folder of light curves to use; by default the configured survey",
    )
    for name, what in (("source", "light curves"), ("alerts", "alerts"), ("gaia", "Gaia")):
        parser.add_argument(
            f"--{name}-catalog",
            metavar="NAME",
            help=f"collection of Kowalski with {what}; by default the configured one",
        )
    parser.add_argument(
        "--bright-star-query-radius-arcsec",
        type=positive_float,
        metavar="ARCSEC",
        help="how far around a source bright stars are looked for",
    )
    parser.add_argument(
        "--xmatch-radius-arcsec",
        type=positive_float,
        metavar="ARCSEC",
        help="radius of the match with catalogues and alerts; a bright star within it is the "
        "source itself",
    )
    parser.add_argument(
        "--query-size-limit",
        type=positive_int,
        metavar="N",
        help="light curves of a query, and of --stop-early; no number depends on it",
    )
    parser.add_flag(
        "--skipCloseSources", default=None, help="keep sources that are close to bright stars"
    )
    parser.add_flag(
        "--stop-early",
        help="take only the first --query-size-limit sources, to try something; "
        "generate-features leaves them under a name that ends in _first",
    )
    parser.add_argument(
        "--period-batch-size",
        type=positive_int,
        default=1000,
        metavar="N",
        help="has no effect: light curves are searched one by one",
    )


def _add_device(parser: Parser) -> None:
    parser.add_argument(
        "--backend", metavar="NAME", help="who computes: cpu, cuda (one GPU) or reference (slow)"
    )
    parser.add_flag("--doCPU", help="compute on the CPU, the same as --backend cpu")
    parser.add_flag(
        "--doGPU",
        help="compute on a GPU, the same as --backend cuda: the first that "
        "CUDA_VISIBLE_DEVICES shows, with SCOPE_GPU_MEMORY_BYTES of its memory",
    )


def _add_cleaning(parser: Parser) -> None:
    parser.add_argument(
        "--min-n-lc-points",
        type=positive_int,
        metavar="N",
        help="light curves with fewer good epochs after decimation have no features",
    )
    parser.add_argument(
        "--min-cadence-minutes",
        type=non_negative_float,
        metavar="MINUTES",
        help="of epochs closer than this to the last kept one, none is used",
    )
    parser.add_argument(
        "--max-timestamp-hjd",
        type=optional_float,
        default=argparse.SUPPRESS,
        metavar="HJD",
        help="epochs after this heliocentric Julian date are not used; none for no cut",
    )


def _add_search(parser: Parser) -> None:
    parser.add_argument(
        "--period-algorithms",
        nargs="+",
        metavar="NAME",
        help="period searches, each with columns of its own",
    )
    parser.add_argument(
        "--period-suffix",
        metavar="NAME",
        help="search whose period a light curve must have; by default the configured one, "
        "or the first of --period-algorithms",
    )
    parser.add_argument(
        "--max-freq", type=positive_float, metavar="F", help="highest trial frequency, 1/d"
    )
    parser.add_argument(
        "--samples-per-peak",
        type=positive_int,
        metavar="N",
        help="trial frequencies per 1 / baseline",
    )
    parser.add_argument(
        "--top-n-periods",
        type=positive_int,
        metavar="N",
        help="candidates that the cheap searches hand to the judge",
    )
    parser.add_flag(
        "--doScaleMinPeriod",
        default=None,
        help="take the highest frequency from the cadence, as 1 / (2 min-cadence-minutes)",
    )
    parser.add_flag(
        "--doRemoveTerrestrial",
        default=None,
        help="leave out frequencies near days, months and years",
    )
