"""Models of the published layout turned into a bundle.

    <folder>/<class>/<class>.<YYYYmmdd_HHMMSS>.h5       networks
    <folder>/<class>/<class>.<YYYYmmdd_HHMMSS>.json     trees, with or without a .params beside

Of several files of a class the newest by its name counts. What a published model was
scaled and filled with is not stored with it: it comes from the training set that it was
trained on, or from the statistics of the features of that set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scope.config.classes import ClassDefinition
from scope.errors import BundleError, ConfigError, InputError
from scope.io import read_schema, read_table
from scope.io.frames import from_frame
from scope.io.user_tables import plain_table, read_user_table
from scope.jsontext import parse_json
from scope.models.algorithm import find_algorithm
from scope.plugins import ALGORITHMS
from scope.preprocessing.frozen import Preprocessing
from scope.preprocessing.scales import check_linear
from scope.preprocessing.strategies import check_settings
from scope.provenance import hash_file
from scope.schema import require_columns
from scope.tasks.variables.bundles.model_bundle import ModelBundle, sha256_of
from scope.tasks.variables.bundles.model_bundle_writer import write_bundle
from scope.tasks.variables.training_sets.read_training_set import numeric

_STAMPED = re.compile(r"(?P<tag>.+)\.(?P<stamp>\d{8}_\d{6})")

STATISTICS = ("min", "max", "median", "mean", "std")
"""What is known of each feature in a file of statistics."""

LIMITS = (
    "Nobody has judged these models here: precision, recall and calibration are those of whoever "
    "published them. Scores are no probabilities."
)


@dataclass(frozen=True)
class PublishedModel:
    """The newest model of a class.

    Attributes
    ----------
    tag : str
    path : Path
    """

    tag: str
    path: Path


def find_published(folder: str | Path, algorithm: str) -> list[PublishedModel]:
    """Return the newest model of each class of a folder, by class.

    Raises
    ------
    BundleError
        If there are none, or none of several says when it was made.
    """
    folder, suffix = Path(folder), _published_suffix(algorithm)
    found = []
    for place in sorted(path for path in folder.glob("[!.]*") if path.is_dir()):
        files = sorted(place.glob(f"*{suffix}"))
        if files:
            found.append(PublishedModel(place.name, _newest(files)))
    if not found:
        raise BundleError(
            f"folder without published {algorithm} models",
            value=str(folder),
            allowed=f"<class>/<class>.<YYYYmmdd_HHMMSS>{suffix}",
            todo="name the folder of the group, such as models_dnn/trained_dnn_models",
        )
    return found


def _published_suffix(algorithm: str) -> str:
    """Return how files of published models end.

    Raises
    ------
    ConfigError
        If nobody has published models of this algorithm.
    """
    suffix = find_algorithm(algorithm).published_suffix
    if not suffix:
        raise ConfigError(
            "import of models by an algorithm of which none are published",
            value=algorithm,
            allowed=[name for name in ALGORITHMS if find_algorithm(name).published_suffix],
        )
    return suffix


def _newest(files: Sequence[Path]) -> Path:
    """Return the file with the latest time in its name; times of files change with copying."""
    stamped = {match["stamp"]: path for path in files if (match := _STAMPED.match(path.stem))}
    if stamped:
        return stamped[max(stamped)]
    if len(files) > 1:
        raise BundleError(
            "several models of a class, and no telling which is the newest",
            value=", ".join(path.name for path in files),
            allowed="names with a time, <class>.<YYYYmmdd_HHMMSS>",
            todo=f"leave one of them in {files[0].parent}",
        )
    return files[0]


def import_models(
    folder: str | Path,
    output: str | Path,
    *,
    algorithm: str,
    definitions: Sequence[ClassDefinition],
    features: Mapping[str, Sequence[str]],
    impute: Mapping[str, str],
    period_suffix: str,
    training_set: str | Path | None = None,
    statistics: str | Path | None = None,
    scaling: str = "min_max",
) -> ModelBundle:
    """Write a bundle of published models, which scores like any other.

    Parameters
    ----------
    folder : path
        See the top of this module.
    output : path
        Folder of the bundle, ``models/<algorithm>/<group>``.
    algorithm : str
    definitions : sequence of ClassDefinition
        Of all classes that may be there.
    features : mapping of list name to columns
        In the order of the inputs of the networks. Trees know their own order.
    impute : mapping of column to strategy
    training_set, statistics : path, optional
        One of both. Parquet, HDF5 or CSV with the feature columns: imputer and scaler are
        fitted to all of its rows, as they were. Or a JSON file, feature -> ``min``,
        ``max``, ``median``, ``mean``, ``std``, features with or without the suffix of
        the period search: neighbours are not known then, and medians fill instead.
    scaling : {"min_max", "median_std"}

    Raises
    ------
    ConfigError
        If neither or both of `training_set` and `statistics` are given.
    BundleError
        If a model cannot be used, or is of no class of `definitions`.
    MissingColumnError, InputError
        If the training set or the statistics lack a feature.
    """
    if (training_set is None) == (statistics is None):
        raise ConfigError(
            "import of models without knowing what scaled their features",
            value="both" if training_set else "neither",
            allowed="the training set, or statistics of its features",
            todo="give one of --training-set and --feature-stats",
        )
    known = {item.tag: item for item in definitions}
    found = find_published(folder, algorithm)
    strange = [item.tag for item in found if item.tag not in known]
    if strange:
        raise BundleError(
            f"models of classes that the configuration does not know, in {folder}",
            value=", ".join(strange),
            allowed=list(known),
            todo="add them to training.classes, or take their folders away",
        )
    chosen = [known[item.tag] for item in found]
    models, lists = _converted(found, chosen, algorithm, features)
    used = {item.features: lists[item.features] for item in chosen}
    columns = list(dict.fromkeys(name for names in used.values() for name in names))
    if training_set is not None:
        preprocessing = _fitted(training_set, columns, impute, period_suffix, scaling)
        source = {"sha256": hash_file(training_set), "rows": preprocessing.n_training_rows}
    else:
        assert statistics is not None
        preprocessing = from_statistics(statistics, columns, impute, period_suffix, scaling)
        source = {"statistics_sha256": hash_file(statistics)}
    files = {
        item.tag: {"name": item.path.name, "sha256": sha256_of(item.path.read_bytes())}
        for item in found
    }
    return write_bundle(
        output,
        algorithm=algorithm,
        group=Path(output).name,
        models=models,
        definitions=chosen,
        features=lists,
        preprocessing=preprocessing,
        calibration=None,
        metrics={"classes": {}, "training": {}},
        card=_card(Path(output).name, algorithm, files, training_set is not None),
        facts={"training_set": source, "imported": files},
    )


def _converted(
    found: Sequence[PublishedModel],
    chosen: Sequence[ClassDefinition],
    algorithm: str,
    features: Mapping[str, Sequence[str]],
) -> tuple[dict[str, bytes], dict[str, list[str]]]:
    """Return the models in the formats of a bundle, and the columns that they take."""
    lists = {name: list(columns) for name, columns in features.items()}
    models: dict[str, bytes] = {}
    own: dict[str, list[str]] = {}
    for item, definition in zip(found, chosen, strict=True):
        expected = lists[definition.features]
        models[item.tag], names = find_algorithm(algorithm).import_published(item.path, expected)
        if own.setdefault(definition.features, names) != names:
            raise BundleError(
                f"model {item.path} that takes its features in another order than others",
                value=", ".join(names),
                allowed=", ".join(own[definition.features]),
                todo="import them as a group of their own",
            )
    return models, {**lists, **own}


def _fitted(
    training_set: str | Path,
    columns: Sequence[str],
    impute: Mapping[str, str],
    period_suffix: str,
    scaling: str,
) -> Preprocessing:
    """Fit imputer and scaler to a whole training set; nothing is clipped."""
    if Path(training_set).suffix.lower() == ".parquet":
        require_columns(read_schema(training_set).names, columns, f" in {training_set}")
        table = plain_table(read_table(training_set, columns))
    else:
        frame = read_user_table(training_set)
        require_columns(list(frame.columns), columns, f" in {training_set}")
        table = from_frame(frame[list(columns)])
    table = numeric(table, training_set)
    return Preprocessing.fit(
        table,
        columns,
        impute,
        scaling=scaling,
        clip=False,
        period_suffix=period_suffix,
    )


def from_statistics(
    path: str | Path,
    columns: Sequence[str],
    impute: Mapping[str, str],
    period_suffix: str,
    scaling: str,
) -> Preprocessing:
    """Return the imputer and scaler that follow from statistics of features.

    Raises
    ------
    ConfigError
        If the scaling needs more than these.
    InputError
        If the file is no such table, or lacks a feature.
    """
    try:
        table = parse_json(Path(path).read_bytes())
        found = [_statistics_of(table, name, period_suffix) for name in columns]
        values = {key: np.array([float(item[key]) for item in found]) for key in STATISTICS}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"statistics of features {path} cannot be used",
            value=str(error),
            allowed=f"JSON, feature -> {', '.join(STATISTICS)}, for every feature of the models",
            todo="give the training set itself, or complete the file",
        ) from error
    check_linear(scaling)
    filled = {name: "median" if impute[name] == "regress" else impute[name] for name in columns}
    strategies = check_settings(columns, filled, scaling)
    fills = {"zero": np.zeros(len(columns)), "median": values["median"], "mean": values["mean"]}
    offset, scale = (
        (values["min"], values["max"] - values["min"])
        if scaling == "min_max"
        else (values["median"], values["std"])
    )
    varies = scale > 0
    return Preprocessing(
        features=tuple(columns),
        strategies=strategies,
        fills=np.array([fills[s][j] if s in fills else np.nan for j, s in enumerate(strategies)]),
        scaling="min_max" if scaling == "min_max" else "median_std",
        offset=np.where(varies, offset, 0.0),
        scale=np.where(varies, scale, 1.0),
        low=np.full(len(columns), -np.inf),
        high=np.full(len(columns), np.inf),
        neighbours=None,
        period_suffix=period_suffix,
        seed=0,
        n_training_rows=0,
    )


def _statistics_of(table: Mapping[str, Any], name: str, period_suffix: str) -> Mapping[str, Any]:
    """Return the statistics of a feature, by its name with or without the suffix."""
    for key in (name, name.removesuffix(f"_{period_suffix}")):
        if key in table:
            return dict(table[key])
    raise KeyError(f"nothing about {name}")


def _card(group: str, algorithm: str, files: Mapping[str, Any], fitted: bool) -> str:
    how = (
        "Imputer and scaler were fitted to the whole training set."
        if fitted
        else "Features are scaled by published statistics; the training set was not at hand, and "
        "medians fill what neighbours filled in training."
    )
    rows = (f"| {tag} | {item['name']} | {item['sha256']} |" for tag, item in files.items())
    lines = "\n".join(rows)
    return f"""# {group}: imported {algorithm} models

Models in the layout of the ZTF Source Classification Project. {how}

## Not fit for

{LIMITS}

## Files

| class | file | SHA-256 |
|---|---|---|
{lines}
"""
