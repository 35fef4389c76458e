"""Keys of other versions and of SCoPe's configuration files, and what replaces them.

A star stands for any one name. The message completes the sentence "the key … ".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

_LATER = "is not used by this version"
_CREDENTIALS = (
    "has no place in a configuration file: set the environment variable <HOST>_INSTANCE_TOKEN "
    "(or …_USERNAME and …_PASSWORD), or write it into private.yaml"
)
_REGISTRY = "is fixed by the feature registry; leave it out"

REPLACED: dict[str, str] = {
    "kowalski.max_timestamp_hjd": "is now feature_generation.max_timestamp_hjd",
    "kowalski.hosts.*.token": _CREDENTIALS,
    "kowalski.hosts.*.username": _CREDENTIALS,
    "kowalski.hosts.*.password": _CREDENTIALS,
    "kowalski.collections.classifications": (
        "is now scope-upload-disagreements --classifications-catalog NAME"
    ),
    "fritz.token": (
        "has no place in a configuration file: set the environment variable FRITZ_INSTANCE_TOKEN, "
        "or write `fritz: {fritz: {token: …}}` into private.yaml"
    ),
    "fritz.max_attempts": "is now fritz.patience_seconds",
    "fritz.sleep_time": "is gone: waits double, up to half a minute; see fritz.patience_seconds",
    "wandb.token": (
        "has no place in a configuration file: set the environment variable WANDB_API_KEY, or "
        "write `wandb: {wandb: {token: …}}` into private.yaml"
    ),
    "rubin": _LATER,
    "docs": _LATER,
    "taxonomy": "is a file of its own: post-taxonomy --taxonomy FILE",
    "fields_to_exclude": f"{_LATER}: name the wanted fields in targets",
    "features.*.*.dtype": _REGISTRY,
    "features.*.*.periodic": _REGISTRY,
    "features.phenomenological.*.impute_strategy": (
        "stands in the ontological list: features.ontological.<feature>.impute_strategy"
    ),
    "feature_generation.path_to_features": "is gone: products are in results/features",
    "feature_generation.dataset": "is now lists: {specific_ids: TABLE}, target ids_specific_ids",
    "feature_generation.ids_skipGaia": "is now feature_generation.bright_star.skip",
    "feature_generation.fields_to_run": "is now targets: [field_<N>, …]",
    "feature_generation.period_algorithms.CPU": "is now one list, period_algorithms",
    "feature_generation.period_algorithms.GPU": (
        "is now one list, period_algorithms; the device is feature_generation.backend"
    ),
    "feature_generation.cesium_features": "is gone: no model takes the features of cesium",
    "feature_generation.external_catalog_features": _REGISTRY,
    "feature_generation.period_search.min_n_lc_points": (
        "is now feature_generation.min_n_lc_points"
    ),
    "feature_generation.period_search.min_cadence_minutes": (
        "is now feature_generation.min_cadence_minutes"
    ),
    "feature_generation.period_search.period_batch_size": (
        "is gone: results do not depend on batches"
    ),
    "feature_generation.period_search.spike_floor_mag": _LATER,
    "feature_generation.pdrs": _LATER,
    "feature_generation.pdrs_fast": _LATER,
    "feature_generation.drw": _LATER,
    "feature_generation.evt": _LATER,
    "training.xgboost.gridsearch_params_start_stop_step": (
        "is now training.xgboost.<parameter>_grid, with the stop included"
    ),
    "training.xgboost.other_training_params": "is gone: its keys stand in training.xgboost",
    "training.xgboost.plot_params": "is gone: figures are in the model card",
    "training.classes.*.lr": "is now learning_rate",
    "inference.fields_to_run": "is now targets: [field_<N>, …]",
    "inference.path_to_preds": "is gone: products are in results/preds_<algorithm>",
}

_WITH_ANY = tuple(
    (tuple(pattern.split(".")), message) for pattern, message in REPLACED.items() if "*" in pattern
)
"""Those that hold for any key in a place; the others are looked up whole."""


def replaced_keys(values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield each key of `values`, dotted, that is no longer used, and what replaces it."""
    for path in _paths(values, ()):
        dotted = ".".join(path)
        message = REPLACED.get(dotted) or next(
            (told for parts, told in _WITH_ANY if _fits(parts, path)), None
        )
        if message is not None:
            yield dotted, message


def _fits(parts: tuple[str, ...], path: tuple[str, ...]) -> bool:
    return len(parts) == len(path) and all(
        want in ("*", have) for want, have in zip(parts, path, strict=True)
    )


def _paths(values: Mapping[str, object], parents: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the paths of all keys, deepest first, so that the most precise message comes first."""
    for name, value in values.items():
        path = (*parents, str(name))
        if isinstance(value, Mapping):
            yield from _paths(value, path)
        yield path
