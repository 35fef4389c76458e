"""Options of how features are made, for the commands that make them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from scope.cli.arguments import (
    Parser,
    available_cpus,
    non_negative_float,
    optional_float,
    positive_float,
    positive_int,
)
from scope.errors import UsageError

if TYPE_CHECKING:
    from scope.config.model import Config

_GENERATION = {
    "min_n_lc_points": "min_n_lc_points",
    "min_cadence_minutes": "min_cadence_minutes",
    "max_timestamp_hjd": "max_timestamp_hjd",
    "period_algorithms": "period_algorithms",
    "fourier": "fourier",
    "xmatch_radius_arcsec": "xmatch_radius_arcsec",
}
_SEARCH = {
    "max_freq": "max_freq",
    "samples_per_peak": "samples_per_peak",
    "doScaleMinPeriod": "scale_min_period",
    "doRemoveTerrestrial": "remove_terrestrial",
    "top_n_periods": "top_n_periods",
}
_BRIGHT_STAR = {
    "skipCloseSources": "skip",
    "bright_star_query_radius_arcsec": "query_radius_arcsec",
    "xmatch_radius_arcsec": "self_match_radius_arcsec",
}
_BANDS = {"doBandsTogether": "search", "bands_radius_arcsec": "radius_arcsec"}
_COLLECTIONS = {"source_catalog": "sources", "alerts_catalog": "alerts", "gaia_catalog": "gaia"}
"""Options -> keys of the configuration that they stand in for."""

MOST_PER_QUERY = 10_000


def add_generation_options(parser: Parser) -> None:
    """Declare cleaning, period search, device and threads."""
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")
    _add_cleaning(parser)
    _add_search(parser)
    _add_bands(parser)
    parser.add_argument("--fourier", metavar="FORM", help="raw or polar Fourier columns")
    parser.add_flag("--doCesium", default=None, help="add the features of cesium")
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


def generation_config(args: argparse.Namespace, **more: Any) -> Config:
    """Return the configuration with the options given on top.

    Parameters
    ----------
    args : argparse.Namespace
    **more
        Further sections on top.
    """
    from scope.config.load import load_config, merge

    given = {name: value for name, value in vars(args).items() if value is not None}
    if "max_timestamp_hjd" in args:
        given["max_timestamp_hjd"] = args.max_timestamp_hjd
    generation = _chosen(given, _GENERATION)
    generation["period_search"] = _chosen(given, _SEARCH)
    generation["bands_together"] = _chosen(given, _BANDS)
    generation["bright_star"] = _chosen(given, _BRIGHT_STAR)
    backend = backend_of(args)
    if backend in ("cpu", "cuda"):
        generation["backend"] = backend
    overrides: dict[str, Any] = {"feature_generation": generation}
    if suffix := _suffix(args):
        overrides["features"] = {"info": {"period_suffix": suffix}}
    overrides = merge(merge(overrides, _survey(given)), more)
    config = load_config(overrides=overrides, config_path=args.config_path)
    if args.doCesium is None:
        return config
    groups = [group for group in config.feature_generation.groups if group != "cesium"]
    generation["groups"] = [*groups, "cesium"] if args.doCesium else groups
    overrides["feature_generation"] = generation
    return load_config(overrides=overrides, config_path=args.config_path)


def backend_of(args: argparse.Namespace) -> str | None:
    """Return the backend that the options ask for, None if they leave it open.

    Raises
    ------
    UsageError
        If they ask for two.
    """
    asked = {
        "--doCPU": "cpu" if args.doCPU else None,
        "--doGPU": "cuda" if args.doGPU else None,
        "--backend": args.backend,
    }
    given = {option: name for option, name in asked.items() if name}
    if len(set(given.values())) > 1:
        raise UsageError(
            "options that ask for different devices",
            value=", ".join(given),
            allowed="one of them",
            todo="leave out all but one",
        )
    return next(iter(given.values()), None)


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


def _chosen(given: dict[str, Any], keys: dict[str, str]) -> dict[str, Any]:
    return {key: given[name] for name, key in keys.items() if name in given}


def _survey(given: dict[str, Any]) -> dict[str, Any]:
    """Return the sections that say where light curves are."""
    sections: dict[str, Any] = {}
    kowalski: dict[str, Any] = {}
    if "archive" in given:
        sections = {"survey": "archive", "archive": given["archive"]}
    if collections := _chosen(given, _COLLECTIONS):
        kowalski["collections"] = collections
    if "query_size_limit" in given:
        size = min(given["query_size_limit"], MOST_PER_QUERY)
        kowalski |= {"ids_per_query": size, "positions_per_query": size}
    return {**sections, **({"kowalski": kowalski} if kowalski else {})}


def _suffix(args: argparse.Namespace) -> str | None:
    """Return the period suffix that the options ask for."""
    if args.period_suffix or not args.period_algorithms:
        suffix: str | None = args.period_suffix
        return suffix
    from scope.periods.options import PeriodOptions

    # An alias among the algorithms stands for the suffix that its columns have.
    return PeriodOptions(algorithms=tuple(args.period_algorithms)).algorithms[0]
