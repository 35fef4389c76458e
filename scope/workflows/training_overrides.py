"""The keys of the configuration that options of a training stand in for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scope.errors import UsageError

CLASS_KEYS = {
    **{name: name for name in ("threshold", "weight_per_class", "batch_size", "epochs")},
    **{name: name for name in ("patience", "beta_1", "beta_2", "epsilon", "amsgrad")},
    "lr": "learning_rate",
}
NETWORK_KEYS = {
    **{name: name for name in ("dense_branch", "conv_branch", "loss", "optimizer", "momentum")},
    **{name: name for name in ("decay", "monitor", "callbacks", "shuffle_buffer_size")},
    **{name: name for name in ("run_eagerly", "plateau_patience")},
}
TRAINING_KEYS = {
    **{name: name for name in ("test_size", "val_size", "sky_block_deg")},
    **{name: name for name in ("scale_features", "feature_stats")},
    "path_dataset": "dataset",
}
TREE_KEYS = {"skip_cv": "skip_cv"}
FOR_ALL_CLASSES = ("batch_size", "epochs", "patience", "learning_rate")
"""Keys of training.dnn that stand in for those of every class."""


def training_overrides(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of the configuration that options of a training set.

    What is given counts for the named classes, before what the configuration says of each
    class and of all.

    Parameters
    ----------
    options : mapping of str to object
        ``tag`` (the classes) and ``group``; of `CLASS_KEYS`, `NETWORK_KEYS`, `TRAINING_KEYS`
        and `TREE_KEYS` what is not None; ``period_suffix``; ``balance``, where there is one,
        which is a number, None for all rows, or -1 for what is configured.

    Raises
    ------
    UsageError
        If there is no such period search.
    """
    given = {name: value for name, value in options.items() if value is not None}
    classes = _chosen(given, CLASS_KEYS)
    if options.get("balance", -1) != -1:
        classes["balance"] = options["balance"]
    network = _chosen(given, NETWORK_KEYS)
    network.update({name: None for name in FOR_ALL_CLASSES if name in classes})
    training: dict[str, Any] = {
        **_chosen(given, TRAINING_KEYS),
        "group": options["group"],
        "tags": list(options["tag"]),
        "classes": {tag: dict(classes) for tag in options["tag"]},
        "dnn": network,
        "xgboost": _chosen(given, TREE_KEYS),
    }
    if "balance" in classes:
        training["balance"] = None
    overrides: dict[str, Any] = {"training": training}
    if suffix := given.get("period_suffix"):
        overrides |= _period_search(suffix)
    return overrides


def _chosen(given: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    return {key: given[name] for name, key in keys.items() if name in given}


def _period_search(suffix: str) -> dict[str, Any]:
    """Return the keys for training on the columns of a period search."""
    from scope.periods.options import ALGORITHMS, JOINT, LS_BIC, PeriodOptions, suffixes

    if suffix == JOINT:
        return {
            "features": {"info": {"period_suffix": JOINT}},
            "feature_generation": {
                "period_algorithms": [LS_BIC],
                "bands_together": {"search": True},
            },
        }
    for name in ALGORITHMS:
        if suffix in suffixes(PeriodOptions(algorithms=(name,))):
            return {
                "features": {"info": {"period_suffix": suffix}},
                "feature_generation": {"period_algorithms": [name]},
            }
    raise UsageError("unknown period suffix", value=suffix, allowed=(*ALGORITHMS, JOINT))
