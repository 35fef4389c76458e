"""A configuration of SCoPe as one of this package: what it means here, and what has no place."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from scope.config.model import Config
from scope.config.renamed import replaced_keys
from scope.errors import ConfigError
from scope.features.registry import selectable
from scope.periods.options import ALGORITHMS, PeriodOptions, suffixes

SECRETS = ("token", "username", "password")
_UNKNOWN = "is no key of SCoPe's that is known here"
_Tree = MutableMapping[str, Any]
_ABSENT = object()


@dataclass
class ImportedConfig:
    """Result of importing a configuration of SCoPe.

    Attributes
    ----------
    values : dict
        Keys of this package.
    private : dict
        Tokens, user names and passwords, for the private file.
    changed : dict of str to str
        Old key, dotted -> what it is now.
    left_out : dict of str to str
        Old key, dotted -> why.
    """

    values: dict[str, Any]
    private: dict[str, Any] = field(default_factory=dict)
    changed: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def import_config(old: Mapping[str, Any]) -> ImportedConfig:
    """Translate a configuration of SCoPe.

    Light curves come from Kowalski, as there. Values that mean the same are taken over;
    those of things that are decided elsewhere are left out, and it is said why.

    Parameters
    ----------
    old : mapping
        Content of SCoPe's ``config.yaml``.

    Raises
    ------
    ConfigError
        If a value cannot be used.
    """
    result = ImportedConfig({"survey": "kowalski"})
    rest: dict[str, Any] = copy.deepcopy(dict(old))
    for translate in (
        _kowalski,
        _tokens,
        _targets,
        _generation,
        _features,
        _classes,
        _trees,
        _sweep,
    ):
        translate(rest, result)
    for dotted, why in list(replaced_keys(rest)):
        if _pop(rest, *dotted.split(".")) is not _ABSENT:
            result.left_out.setdefault(_summarized(dotted), why)
    for path in list(_leaves(rest)):
        if not _is_key(Config, path):
            _pop(rest, *path)
            result.left_out[".".join(path)] = _UNKNOWN
    result.values = _merged(_without_empty(rest), result.values)
    return result


def _kowalski(rest: _Tree, result: ImportedConfig) -> None:
    """Take credentials out, and the one server of early versions as one of several."""
    section = rest.get("kowalski")
    if not isinstance(section, MutableMapping):
        return
    if "host" in section:
        name = str(section.pop("host")).split(".")[0]
        secrets = {key: section.pop(key) for key in SECRETS if key in section}
        section.setdefault("hosts", {})[name] = secrets
        result.changed["kowalski.host"] = f"kowalski.hosts.{name}"
    hosts = section.get("hosts") or {}
    for name, entry in hosts.items():
        entry = entry or {}
        secrets = {key: entry.pop(key) for key in SECRETS if entry.get(key)}
        hosts[name] = {key: value for key, value in entry.items() if key not in SECRETS}
        if secrets:
            result.private.setdefault("kowalski", {})[name] = secrets
            result.changed[f"kowalski.hosts.{name}"] = "the private file"
    if hosts:
        result.values["kowalski"] = {"hosts": hosts}
        section.pop("hosts", None)
    _move(rest, result, "kowalski.max_timestamp_hjd", "feature_generation.max_timestamp_hjd")


def _tokens(rest: _Tree, result: ImportedConfig) -> None:
    for service in ("fritz", "wandb"):
        token = _pop(rest, service, "token")
        if token is not _ABSENT and token:
            result.private[service] = {service: {"token": token}}
            result.changed[f"{service}.token"] = "the private file"


def _targets(rest: _Tree, result: ImportedConfig) -> None:
    """Fields to run become targets, without those that are excluded."""
    excluded = _pop(rest, "fields_to_exclude")
    without = set(excluded or ()) if excluded is not _ABSENT else set()
    fields: list[int] = []
    for section in ("feature_generation", "inference"):
        found = _pop(rest, section, "fields_to_run")
        if found is not _ABSENT:
            fields += [number for number in found or () if number not in without]
            result.changed[f"{section}.fields_to_run"] = "targets"
    if excluded is not _ABSENT:
        result.changed["fields_to_exclude"] = "targets"
    if fields:
        result.values["targets"] = [f"field_{number}" for number in dict.fromkeys(fields)]


def _generation(rest: _Tree, result: ImportedConfig) -> None:
    for name in ("min_n_lc_points", "min_cadence_minutes"):
        path = f"feature_generation.period_search.{name}"
        _move(rest, result, path, f"feature_generation.{name}")
    dataset = _pop(rest, "feature_generation", "dataset")
    if dataset is not _ABSENT and dataset:
        result.values["lists"] = {"specific_ids": {"path": str(dataset)}}
        result.changed["feature_generation.dataset"] = "lists.specific_ids"
    _searches(rest, result)


def _searches(rest: _Tree, result: ImportedConfig) -> None:
    """Of the searches for CPU and GPU take those for GPU, by which models were trained."""
    found = _pop(rest, "feature_generation", "period_algorithms")
    features = rest.get("features") or {}
    suffix = (features.get("info") or {}).get("period_suffix")
    if found is _ABSENT and suffix is None:
        return
    if isinstance(found, Mapping):
        found = found.get("GPU") or found.get("CPU")
    names = [name for name in (() if found is _ABSENT else found or ()) if name in ALGORITHMS]
    if suffix in ("None", "none"):
        _pop(rest, "features", "info", "period_suffix")
        result.left_out["features.info.period_suffix"] = (
            "columns always have one; run-inference --period-suffix none reads those without"
        )
        suffix = None
    if suffix is not None and (not names or suffix not in _suffixes(names)):
        # The nested search makes the columns of its parts as well.
        names = [suffix, *(name for name in names if name not in _suffixes([suffix]))]
    result.values.setdefault("feature_generation", {})["period_algorithms"] = names
    result.changed["feature_generation.period_algorithms"] = f"period_algorithms: {names}"
    if suffix is None and names:
        info = {"period_suffix": _suffixes(names)[-1]}
        result.values.setdefault("features", {})["info"] = info


def _suffixes(names: list[str]) -> tuple[str, ...]:
    return suffixes(PeriodOptions(algorithms=tuple(names)))


def _features(rest: _Tree, result: ImportedConfig) -> None:
    """Keep what decides about features that models can see at all."""
    for kind, allowed in (
        ("phenomenological", {f.name for f in selectable("phenomenological")}),
        ("ontological", {f.name for f in selectable("ontological")}),
    ):
        section = (rest.get("features") or {}).get(kind)
        if not isinstance(section, MutableMapping):
            continue
        for name in [name for name in section if name not in allowed]:
            entry = section.pop(name) or {}
            if entry.get("include"):
                result.left_out[f"features.{kind}.{name}"] = "is no feature that models can see"


def _classes(rest: _Tree, result: ImportedConfig) -> None:
    """Translate what had another form; learning rates of classes never had an effect."""
    classes = (rest.get("training") or {}).get("classes") or {}
    for entry in classes.values():
        if not isinstance(entry, MutableMapping):
            continue
        if entry.pop("lr", None) is not None:
            result.left_out["training.classes.*.lr"] = (
                "never had an effect: all networks were trained at 3e-4"
            )
        if isinstance(entry.get("amsgrad"), int | float):
            entry["amsgrad"] = bool(entry["amsgrad"])
            result.changed["training.classes.*.amsgrad"] = "true where it was not zero"
        if entry.get("balance") in ("None", "none"):
            entry["balance"] = None


def _sweep(rest: _Tree, result: ImportedConfig) -> None:
    """AMSGrad was a range of numbers, any of which switched it on."""
    sweep = (rest.get("wandb") or {}).get("sweep_config_dnn") or {}
    parameters = sweep.get("parameters") or {}
    if "min" in (parameters.get("amsgrad") or {}):
        parameters["amsgrad"] = {"value": True}
        result.changed["wandb.sweep_config_dnn.parameters.amsgrad"] = "true"


def _trees(rest: _Tree, result: ImportedConfig) -> None:
    """Ranges of Python leave out their end, and two of them count tenths."""
    grids = _pop(rest, "training", "xgboost", "gridsearch_params_start_stop_step")
    trees = result.values.setdefault("training", {}).setdefault("xgboost", {})
    if isinstance(grids, Mapping):
        for name, (start, stop, step) in grids.items():
            last = list(range(start, stop, step))[-1]
            scale = 10 if name in ("subsample", "colsample_bytree") else 1
            values = [start, last, step]
            trees[f"{name}_grid"] = values if scale == 1 else [value / scale for value in values]
        result.changed["training.xgboost.gridsearch_params_start_stop_step"] = "…_grid"
    others = _pop(rest, "training", "xgboost", "other_training_params")
    if isinstance(others, Mapping):
        names = {
            "eta": "eta_list",
            "eta_list": "eta_list",
            "nfold": "n_folds",
            "eval_metric": "eval_metric",
            "early_stopping_rounds": "early_stopping_rounds",
            "num_boost_round": "num_boost_round",
        }
        for name, value in others.items():
            if name in names:
                trees[names[name]] = value
            else:
                why = "is fixed: binary:logistic; seeds come from random_state"
                result.left_out[f"training.xgboost.other_training_params.{name}"] = why
        result.changed["training.xgboost.other_training_params"] = "training.xgboost"
    if not trees:
        del result.values["training"]


def _summarized(dotted: str) -> str:
    """Return a key with stars for the names of features, of which there are many."""
    parts = dotted.split(".")
    return f"features.*.*.{parts[3]}" if parts[0] == "features" and len(parts) == 4 else dotted


def _move(rest: _Tree, result: ImportedConfig, old: str, new: str) -> None:
    value = _pop(rest, *old.split("."))
    if value is _ABSENT:
        return
    place = result.values
    *parents, name = new.split(".")
    for parent in parents:
        place = place.setdefault(parent, {})
    place[name] = value
    result.changed[old] = new


def _pop(tree: Any, *path: str) -> Any:
    """Remove and return the value at a path, `_ABSENT` where there is none."""
    for name in path[:-1]:
        tree = tree.get(name) if isinstance(tree, Mapping) else None
    if not isinstance(tree, MutableMapping) or path[-1] not in tree:
        return _ABSENT
    return tree.pop(path[-1])


def _leaves(tree: Mapping[str, Any], parents: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, value in tree.items():
        path = (*parents, str(name))
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, path)
        else:
            yield path


def _is_key(model: Any, path: tuple[str, ...]) -> bool:
    """Whether a path leads to a key of the configuration, or to an entry of a table."""
    if not path:
        return True
    options = [model, *get_args(model)]
    for option in options:
        if isinstance(option, type) and issubclass(option, BaseModel):
            known = option.model_fields.get(path[0])
            return known is not None and _is_key(known.annotation, path[1:])
        if get_origin(option) is dict:
            return _is_key(get_args(option)[1], path[1:])
    return False


def _without_empty(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tree without sections that are empty or null."""
    kept: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            value = _without_empty(value)
            if not value:
                continue
        kept[name] = value
    return kept


def _merged(base: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    from scope.config.load import merge

    # Both are parts of one configuration.
    return merge(base, values, None)


def check_imported(imported: ImportedConfig, name: str) -> Config:
    """Return the configuration that an imported one gives on top of the defaults.

    Raises
    ------
    ConfigError
        If a value cannot be used.
    """
    from scope.config.load import Layer, build_config

    try:
        return build_config([Layer("", Config().model_dump()), Layer(name, imported.values)])
    except ConfigError as error:
        raise ConfigError(
            f"value of {name} that cannot be used: {error.what}",
            value=error.value,
            allowed=error.allowed,
            todo=error.todo or "correct it there",
        ) from None
