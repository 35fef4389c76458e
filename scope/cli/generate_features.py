"""``generate-features``: the features of any file of light curves."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scope.cli.arguments import (
    Parser,
    available_cpus,
    non_negative_float,
    optional_float,
    positive_float,
    positive_int,
)
from scope.cli.run import run_command, show_progress
from scope.errors import UsageError

if TYPE_CHECKING:
    from scope.config.model import Config
    from scope.features.assemble import Summary

_GENERATION = {
    "min_n_lc_points": "min_n_lc_points",
    "min_cadence_minutes": "min_cadence_minutes",
    "max_timestamp_hjd": "max_timestamp_hjd",
    "period_algorithms": "period_algorithms",
    "fourier": "fourier",
}
_SEARCH = {
    "max_freq": "max_freq",
    "samples_per_peak": "samples_per_peak",
    "doScaleMinPeriod": "scale_min_period",
    "doRemoveTerrestrial": "remove_terrestrial",
    "top_n_periods": "top_n_periods",
}
"""Options -> keys of the configuration that they stand in for."""


def build_parser(prog: str = "generate-features") -> Parser:
    """Return the parser of the command."""
    parser = Parser(
        prog=prog,
        description="Clean the light curves of a Parquet file and compute their features. "
        "Options that are not given come from the configuration.",
    )
    parser.add_version()
    parser.add_argument(
        "--light-curves", required=True, metavar="FILE", help="Parquet file of light curves"
    )
    parser.add_argument("--output", required=True, metavar="FILE", help="Parquet file to write")
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")
    _add_cleaning(parser)
    _add_search(parser)
    parser.add_argument("--fourier", metavar="FORM", help="raw or polar Fourier columns")
    parser.add_flag("--doCesium", default=None, help="add the features of cesium")
    _add_device(parser)
    parser.add_argument(
        "--workers",
        "--Ncore",
        type=positive_int,
        default=available_cpus(),
        metavar="N",
        help="threads; no number depends on them",
    )
    parser.add_argument(
        "--chunk-size",
        type=positive_int,
        default=512,
        metavar="N",
        help="light curves in memory at a time; no number depends on it",
    )
    return parser


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


def generate_features(args: argparse.Namespace) -> None:
    """Run the command."""
    from scope.features.generate import generate_features as generate

    config = _config(args)
    show_progress()
    summary = generate(
        args.light_curves,
        args.output,
        cleaning=config.cleaning_options(),
        options=config.feature_options(),
        backend=_backend(args) or config.backend(),
        workers=args.workers,
        rows=args.chunk_size,
        facts={"config_hash": config.config_hash},
    )
    _print(summary, args.output)


def _backend(args: argparse.Namespace) -> str | None:
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


def _config(args: argparse.Namespace) -> Config:
    """Return the configuration with the options given on top."""
    from scope.config.load import load_config

    given = {name: value for name, value in vars(args).items() if value is not None}
    if "max_timestamp_hjd" in args:
        given["max_timestamp_hjd"] = args.max_timestamp_hjd
    generation: dict[str, Any] = {
        key: given[name] for name, key in _GENERATION.items() if name in given
    }
    generation["period_search"] = {
        key: given[name] for name, key in _SEARCH.items() if name in given
    }
    overrides: dict[str, Any] = {"feature_generation": generation}
    if suffix := _suffix(args):
        overrides["features"] = {"info": {"period_suffix": suffix}}
    config = load_config(overrides=overrides, config_path=args.config_path)
    if args.doCesium is None:
        return config
    groups = [group for group in config.feature_generation.groups if group != "cesium"]
    generation["groups"] = [*groups, "cesium"] if args.doCesium else groups
    return load_config(overrides=overrides, config_path=args.config_path)


def _suffix(args: argparse.Namespace) -> str | None:
    """Return the period suffix that the options ask for."""
    if args.period_suffix or not args.period_algorithms:
        suffix: str | None = args.period_suffix
        return suffix
    from scope.periods.options import PeriodOptions

    # An alias among the algorithms stands for the suffix that its columns have.
    return PeriodOptions(algorithms=tuple(args.period_algorithms)).algorithms[0]


def _print(summary: Summary, output: str) -> None:
    """Say what became of the light curves."""
    from scope.schema import REASONS

    without = summary.rows - summary.with_features
    print(f"{summary.rows} light curves: {summary.with_features} with features, {without} without")
    width = max((len(reason) for reason in summary.reasons), default=0)
    for reason, count in summary.reasons.items():
        print(f"  {reason:<{width}}  {count:>8}  {REASONS[reason]}")
    print(output)


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``generate-features``."""
    return run_command(build_parser(), generate_features, argv)


if __name__ == "__main__":
    sys.exit(main())
