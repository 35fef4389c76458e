"""By which models features are scored, and what options may say about it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scope.checkout import SHIPPED_MODELS
from scope.errors import UsageError

if TYPE_CHECKING:
    from scope.config.model import Config
    from scope.tasks.variables.bundles.model_bundle import ModelBundle

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ScoringOptions:
    """Options of how features are scored, and what is written beside the predictions.

    Attributes
    ----------
    batch_size : int, optional
        Light curves in memory at a time; no score depends on it.
    scale_features, feature_stats : str, optional
        Accepted since SCoPe's documents have them: both are stored with the models.
    write_csv, flag_ids, no_write_metadata : bool
        Write the predictions as .csv too, the features that were filled in by id, no meta.json.
    time_run : bool
        Say how long it took.
    """

    batch_size: int | None = None
    scale_features: str | None = None
    feature_stats: str | None = None
    write_csv: bool = False
    flag_ids: bool = False
    no_write_metadata: bool = False
    time_run: bool = False


def check_scoring_options(options: ScoringOptions, bundles: Sequence[ModelBundle]) -> None:
    """Say where options ask for what is stored with the models otherwise.

    Raises
    ------
    UsageError
        If statistics of features are asked for.
    """
    if options.feature_stats not in (None, "None", "none"):
        raise UsageError(
            "--feature-stats",
            value=options.feature_stats,
            todo="leave it out: features are scaled as the models were trained; "
            "`scope import-models` turns statistics into a part of imported models",
        )
    for bundle in bundles:
        scaling = bundle.preprocessing.scaling
        if options.scale_features not in (None, scaling):
            _log.warning(
                "%s models of group %s were trained on features scaled by %s, and are used so; "
                "--scale-features %s has no effect",
                *(bundle.algorithm, bundle.group, scaling, options.scale_features),
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


def report_predictions(
    output: Path, threshold: float, strange_below: float, report: Callable[[str], None]
) -> None:
    """Say what became of the light curves of a file of predictions."""
    from scope.catalog.catalog_counts import summarize
    from scope.schema import REASONS

    found = summarize(output, threshold, strange_below)
    report(f"{found.rows} light curves: {found.classified} scored")
    for reason, count in found.reasons.items():
        report(f"  {reason:<18} {count:>8}  {REASONS.get(reason, '')}")
    if found.strange:
        report(f"  {'strange':<18} {found.strange:>8}  unlike anything the models know: no label")
    for tag, counts in found.above.items():
        numbers = ", ".join(str(count) for count in counts.values())
        report(f"  {tag:<18} {numbers:>8}  above {threshold}")
    report(str(output))
