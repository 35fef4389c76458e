"""Training of a model bundle from a training set."""

from __future__ import annotations

import importlib.metadata
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from scope import __version__
from scope.config.classes import ClassDefinition
from scope.errors import ConfigError, InputError
from scope.features.registry import REGISTRY, model_features
from scope.models.algorithm import find_algorithm, make_options, options_record
from scope.models.calibration.class_calibration import Calibration, CalibrationOptions, calibrate
from scope.models.training.pretrained import Pretrained
from scope.models.training.splits import TRAIN
from scope.provenance import hash_file
from scope.tasks.variables.bundles.model_bundle import VARIABLES, ModelBundle
from scope.tasks.variables.bundles.model_bundle_writer import write_bundle
from scope.tasks.variables.bundles.model_card import render_card
from scope.tasks.variables.training.class_metrics import is_constant, judge_class
from scope.tasks.variables.training.training_run import Trained, TrainingRun
from scope.tasks.variables.training.training_scores import ClassScores, TrainingScores
from scope.tasks.variables.training.untrainable_classes import (
    absent_labels,
    left,
    rare_classes,
    tell_skipped,
)
from scope.tasks.variables.training_sets.assemble_training_set import assemble_training_set
from scope.tasks.variables.training_sets.training_data import (
    DataOptions,
    TrainingData,
    load_training_data,
)

__all__ = ["assemble_training_set", "train_bundle"]

logger = logging.getLogger(__name__)

Features = Mapping[str, Sequence[str]]


def default_features(period_suffix: str) -> dict[str, list[str]]:
    """Return the columns of the phenomenological and the ontological list."""
    return {
        "phenomenological": model_features("phenomenological", period_suffix),
        "ontological": model_features("ontological", period_suffix),
    }


def default_imputation(period_suffix: str) -> dict[str, str]:
    """Return what replaces an undefined value of each column, by default."""
    return {item.column_name(period_suffix): item.impute for item in REGISTRY.values()}


def train_bundle(
    training_set: str | Path,
    output: str | Path,
    *,
    algorithm: str,
    definitions: Sequence[ClassDefinition],
    features: Features | None = None,
    impute: Mapping[str, str] | None = None,
    period_suffix: str = "LS_BIC",
    data: DataOptions | None = None,
    options: Mapping[str, Any] | None = None,
    calibration: CalibrationOptions | None = None,
    scores_output: str | Path | None = None,
    group: str | None = None,
    min_count: int | None = None,
    skip_untrainable: bool = False,
    workers: int = 1,
    device: str = "cpu",
    about: str = "",
    limits: str = "",
    verbose: int = 0,
    start: Mapping[str, Pretrained] | None = None,
) -> ModelBundle:
    """Train one model per class and write them as a bundle.

    Stars are split into train, validation and test by the hash of their name before
    anything is fitted; imputer, scaler and models see training stars, early stopping
    validation stars, and nothing sees test stars. Imputer and scaler depend on the
    training set, `features`, `impute` and `data` only: bundles of both algorithms share
    them to the byte. Calibration learns from training stars that are scored by further
    models, which did not see them. The same arguments give the same bundle, for any
    `workers`.

    Parameters
    ----------
    training_set : path
        See `scope.tasks.variables.training_sets.training_data.load_training_data`.
    output : path
        Folder of the bundle.
    algorithm : str
        Any that serves light curves.
    definitions : sequence of ClassDefinition
        Classes, in the order of the score columns.
    features : mapping, optional
        Columns of the list ``phenomenological`` and of ``ontological``.
    impute : mapping of column to strategy, optional
    period_suffix : str
        Period search whose columns `features` names.
    data : DataOptions, optional
    options : mapping of algorithm to options or to a mapping, optional
        How models are trained; for an algorithm that it lacks, the defaults.
    calibration : CalibrationOptions, optional
        None trains models without calibration: a catalogue has no probabilities then.
    scores_output : path, optional
        Gets the scores of the training set by models that did not see the star, which
        `scope.tasks.variables.training.fuse` learns from.
    group : str, optional
        Name of the training; by default that of the folder.
    min_count : int, optional
        Classes without more positive rows than this are left out, and so are those whose
        scores come out constant. None: a class that cannot be trained is an error.
    skip_untrainable : bool
        Leave out classes that cannot be trained, as with a `min_count` of 0. What was left
        out, and why, stands in the manifest under ``skipped``.
    workers : int
        Classes that are trained at a time.
    device : {"cpu", "cuda"}
    about, limits : str
        Markdown for the card: what this is, and what it is not fit for.
    verbose : {0, 1, 2}
        What the algorithm's library prints.
    start : mapping of class tag to Pretrained, optional
        Trained models to go on from.

    Returns
    -------
    ModelBundle
        As loaded from `output`.

    Raises
    ------
    ConfigError
        If a setting is unknown.
    MissingColumnError, InputError
        If the training set lacks columns, examples of a class, or values.
    BackendError
        If the device is not there.
    """
    if algorithm not in VARIABLES.algorithms:
        raise ConfigError("unknown algorithm", value=algorithm, allowed=VARIABLES.algorithms)
    lists = {
        name: tuple(columns)
        for name, columns in (features or default_features(period_suffix)).items()
    }
    data = data or DataOptions()
    chosen_options = make_options(find_algorithm(algorithm), (options or {}).get(algorithm, {}))
    lenient = skip_untrainable or min_count is not None
    skipped = absent_labels(training_set, definitions) if skip_untrainable else {}
    prepared = _prepare(
        training_set,
        left(definitions, skipped),
        lists,
        impute or default_imputation(period_suffix),
        period_suffix,
        data,
    )
    if lenient:
        skipped |= rare_classes(prepared, left(definitions, skipped), min_count or 0)
    run = TrainingRun(
        prepared,
        tuple(left(definitions, skipped)),
        lists,
        algorithm,
        chosen_options,
        calibration,
        device,
        workers,
        verbose,
        start or {},
    )
    if lenient:
        skipped |= run.untrainable()
        run = replace(run, definitions=tuple(left(definitions, skipped)))
        tell_skipped(skipped, definitions)
    trained = run.train()
    refused = constant_classes(trained, prepared, strict=not lenient)
    chosen = [item for item in run.definitions if item.tag not in refused]
    scores = TrainingScores.of(prepared, {item.tag: trained.scores[item.tag] for item in chosen})
    calibrated = None if calibration is None else _calibration(scores, algorithm, calibration)
    metrics = _metrics(trained, scores, calibrated, data.seed)
    facts = {
        "training_set": {"sha256": hash_file(training_set), **prepared.summary()},
        "options": {**data.record(), **options_record(chosen_options), "min_count": min_count},
        "refused": refused,
        "versions": _versions(algorithm),
    }
    if skipped:
        facts["skipped"] = skipped
    if start:
        facts["went_on_from"] = {tag: item.sha256 for tag, item in start.items()}
    group = group or Path(output).name
    bundle = write_bundle(
        output,
        algorithm=algorithm,
        group=group,
        models=trained.models,
        definitions=chosen,
        features=lists,
        preprocessing=prepared.preprocessing,
        calibration=calibrated,
        metrics={
            "classes": metrics,
            "training": {item.tag: trained.reports[item.tag] for item in chosen},
        },
        card=render_card(
            algorithm, group, metrics, facts, calibration=calibrated, about=about, limits=limits
        ),
        facts=facts,
    )
    if scores_output is not None:
        scores.write(scores_output, algorithm, bundle.identity, training_set=facts["training_set"])
    return bundle


def _prepare(
    training_set: str | Path,
    definitions: Sequence[ClassDefinition],
    lists: Features,
    impute: Mapping[str, str],
    period_suffix: str,
    data: DataOptions,
) -> TrainingData:
    """Return the training set with the features of all lists, or of those that are needed.

    All of them, so that classes of both lists can share a bundle; without those of a list that
    no class sees, where the training set does not have them.
    """

    def load(names: Sequence[str]) -> TrainingData:
        return load_training_data(
            training_set,
            definitions,
            features=list(dict.fromkeys(column for name in names for column in lists[name])),
            impute=impute,
            period_suffix=period_suffix,
            options=data,
        )

    needed = [name for name in lists if any(item.features == name for item in definitions)]
    try:
        return load(list(lists))
    except InputError as error:
        if len(needed) == len(lists):
            raise
        prepared = load(needed)
        logger.warning("trained without the features that no class sees: %s", error)
        return prepared


def _calibration(
    scores: TrainingScores, algorithm: str, options: CalibrationOptions
) -> Calibration:
    """Fit the calibration of each class to its out-of-fold scores."""
    classes = {
        tag: calibrate(scores.out_of_fold(tag), algorithm, options) for tag in scores.classes
    }
    return Calibration(algorithm, options, classes)


def _metrics(
    trained: Trained, scores: TrainingScores, calibration: Calibration | None, seed: int
) -> dict[str, Any]:
    """Return the figures of each class."""
    return {
        tag: {
            "train": trained.seen[tag],
            **judge_class(
                scores, tag, None if calibration is None else calibration.classes[tag], seed=seed
            ),
        }
        for tag in scores.classes
    }


def constant_classes(trained: Trained, data: TrainingData, *, strict: bool) -> list[str]:
    """Return the classes whose models give every light curve the same score.

    Such a score looks like a probability and says nothing.

    Raises
    ------
    InputError
        If there are any and `strict`, or if no class is left.
    """

    def is_flat(part: ClassScores) -> bool:
        return is_constant(part.scores[data.sets != TRAIN])

    refused = [tag for tag, part in trained.scores.items() if is_flat(part)]
    if refused and (strict or len(refused) == len(trained.scores)):
        raise InputError(
            "models that give every light curve the same score",
            value=", ".join(refused),
            allowed="scores that tell light curves apart",
            todo="add labelled stars of the class, train longer, or leave it out",
        )
    if refused:
        logger.warning("refused for constant scores: %s", ", ".join(refused))
    return refused


def _versions(algorithm: str) -> dict[str, str]:
    """Return the versions of what trained, for whoever wants the same again."""
    versions = {"scope": __version__}
    for package in find_algorithm(algorithm).packages:
        try:
            versions[package.removesuffix("-cpu")] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions
