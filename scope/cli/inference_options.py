"""Options of how features are scored, for the commands that score them."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scope.checkout import SHIPPED_MODELS
from scope.cli.arguments import Parser, positive_int
from scope.errors import UsageError

if TYPE_CHECKING:
    from scope.config.model import Config
    from scope.tasks.variables.bundles.model_bundle import ModelBundle

"""The models of the checkout."""

SCALINGS = ("min_max", "median_std", "quantile")
STORED = "stored with the models, and not chosen here"

_log = logging.getLogger(__name__)


def add_inference_options(parser: Parser) -> None:
    """Declare what SCoPe's documents say about scoring, beside which models and features."""
    parser.add_flag("--write-csv", help="write the predictions as .csv too")
    parser.add_argument(
        "--batch-size",
        type=positive_int,
        metavar="N",
        help="light curves in memory at a time, by default as configured; no score depends on it",
    )
    parser.add_argument(
        "--scale-features",
        choices=SCALINGS,
        help=f"how features are scaled: {STORED}; a warning says where it is otherwise",
    )
    parser.add_argument(
        "--feature-stats",
        metavar="NAME",
        help=f"what features are scaled with: {STORED}; an error if given",
    )
    parser.add_flag(
        "--flag-ids", help="write a .json file of the features that were filled in, by id"
    )
    parser.add_flag("--no-write-metadata", help="write no meta.json beside the predictions")
    parser.add_flag("--time-run", help="say how long it took")
    parser.add_flag("--verbose", help="say what is going on")


def check_inference_options(args: argparse.Namespace, bundles: Sequence[ModelBundle]) -> None:
    """Say where options ask for what is stored with the models otherwise.

    Raises
    ------
    UsageError
        If statistics of features are asked for.
    """
    if args.feature_stats not in (None, "None", "none"):
        raise UsageError(
            "--feature-stats",
            value=args.feature_stats,
            todo="leave it out: features are scaled as the models were trained; "
            "`scope import-models` turns statistics into a part of imported models",
        )
    for bundle in bundles:
        scaling = bundle.preprocessing.scaling
        if args.scale_features not in (None, scaling):
            _log.warning(
                "%s models of group %s were trained on features scaled by %s, and are used so; "
                "--scale-features %s has no effect",
                *(bundle.algorithm, bundle.group, scaling, args.scale_features),
            )


def load_groups(groups: Mapping[str, str]) -> list[ModelBundle]:
    """Return the bundles of some algorithms' groups, of the working directory or shipped."""
    from scope.tasks.variables.bundles.model_bundle import ModelBundle, bundle_folder

    return [
        ModelBundle.load(bundle_folder([Path("models"), SHIPPED_MODELS], algorithm, group))
        for algorithm, group in groups.items()
    ]


def with_searches(config: Config, bundles: Sequence[ModelBundle], *, explicit: bool) -> Config:
    """Return a configuration that computes the periods which models see.

    Light curves must have the period of the first models. A configured search that no
    models need is left out, unless it was asked for on the command line.

    Raises
    ------
    UsageError
        If the searches were chosen by an option and lack one that the models need.
    """
    from scope.config.load import load_config, merge
    from scope.periods.options import suffixes

    wanted = list(dict.fromkeys(bundle.period_suffix for bundle in bundles))
    missing = [suffix for suffix in wanted if suffix not in suffixes(config.period_options())]
    chosen = config.features.info.period_suffix
    algorithms = list(config.feature_generation.period_algorithms)
    if missing and explicit:
        raise UsageError(
            "--period-algorithms without those that the models need",
            value=" ".join(algorithms),
            allowed=f"with {' '.join(missing)}",
            todo="add them, or leave the option out",
        )
    if not missing and chosen in wanted:
        return config
    if missing:
        _log.warning("the models need the period search %s, which is used", ", ".join(missing))
        algorithms = [name for name in algorithms if name in wanted] + missing
    overrides = {
        "feature_generation": {"period_algorithms": algorithms},
        "features": {"info": {"period_suffix": chosen if chosen in wanted else wanted[0]}},
    }
    return load_config(overrides=merge(config.model_dump(), overrides))


def check_algorithms(algorithms: Sequence[str], groups: Sequence[str]) -> dict[str, str]:
    """Return the group of each algorithm; they go together in order.

    Raises
    ------
    UsageError
        If an algorithm stands twice, or there are fewer groups than algorithms.
    """
    if len(set(algorithms)) < len(algorithms):
        raise UsageError("--algorithms", value=" ".join(algorithms), allowed="each once")
    if len(groups) < len(algorithms):
        raise UsageError(
            "fewer --group-names than --algorithms",
            value=f"{' '.join(groups)}; {' '.join(algorithms)}",
            allowed="a group for each algorithm, in the same order",
            todo=f"name a group for {' and '.join(algorithms[len(groups) :])}",
        )
    chosen = dict(zip(algorithms, groups, strict=False))
    if len(groups) > len(algorithms):
        _log.warning(
            "more --group-names than --algorithms: %s; not used: %s",
            ", ".join(f"{algorithm} by {group}" for algorithm, group in chosen.items()),
            ", ".join(groups[len(algorithms) :]),
        )
    return chosen
