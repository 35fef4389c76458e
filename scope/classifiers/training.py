"""From a training set to a model bundle."""

from __future__ import annotations

import importlib.metadata
import logging
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scope import __version__
from scope.classifiers.assemble import assemble_training_set
from scope.classifiers.bundle import ALGORITHMS, SUFFIXES, ModelBundle, load_classifier
from scope.classifiers.bundle_writer import write_bundle
from scope.classifiers.card import render_card
from scope.classifiers.data import DataOptions, TrainingData, load_training_data
from scope.classifiers.dnn import NetworkOptions
from scope.classifiers.examples import Examples
from scope.classifiers.metrics import score_metrics
from scope.classifiers.splits import SETS
from scope.classifiers.xgb import TreeOptions, check_tree_device, train_trees
from scope.config.classes import ClassDefinition
from scope.errors import ConfigError, InputError
from scope.features.registry import REGISTRY, model_features
from scope.provenance import hash_file

__all__ = ["assemble_training_set", "train_bundle"]

logger = logging.getLogger(__name__)

Features = Mapping[str, Sequence[str]]
Options = NetworkOptions | TreeOptions


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
    network: NetworkOptions | None = None,
    trees: TreeOptions | None = None,
    group: str | None = None,
    min_count: int | None = None,
    workers: int = 1,
    device: str = "cpu",
    about: str = "",
    limits: str = "",
    verbose: int = 0,
) -> ModelBundle:
    """Train one model per class and write them as a bundle.

    Stars are split into train, validation and test by the hash of their name before
    anything is fitted; imputer, scaler and models see training stars, early stopping
    validation stars, and nothing sees test stars. Imputer and scaler depend on the
    training set, `features`, `impute` and `data` only: bundles of both algorithms share
    them to the byte. The same arguments give the same bundle, for any `workers`.

    Parameters
    ----------
    training_set : path
        See `scope.classifiers.data.load_training_data`.
    output : path
        Folder of the bundle.
    algorithm : {"dnn", "xgb"}
    definitions : sequence of ClassDefinition
        Classes, in the order of the score columns.
    features : mapping, optional
        Columns of the list ``phenomenological`` and of ``ontological``.
    impute : mapping of column to strategy, optional
    period_suffix : str
        Period search whose columns `features` names.
    data, network, trees : options, optional
    group : str, optional
        Name of the training; by default that of the folder.
    min_count : int, optional
        Classes without more positive rows than this are left out. None: a class that
        cannot be trained is an error.
    workers : int
        Classes that are trained at a time.
    device : {"cpu", "cuda"}
    about, limits : str
        Markdown for the card: what this is, and what it is not fit for.
    verbose : {0, 1, 2}
        What Keras prints.

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
    if algorithm not in ALGORITHMS:
        raise ConfigError("unknown algorithm", value=algorithm, allowed=ALGORITHMS)
    lists = {
        name: tuple(columns)
        for name, columns in (features or default_features(period_suffix)).items()
    }
    data = data or DataOptions()
    options: Options = (
        (network or NetworkOptions()) if algorithm == "dnn" else trees or TreeOptions()
    )
    prepared = load_training_data(
        training_set,
        definitions,
        features=list(dict.fromkeys(name for columns in lists.values() for name in columns)),
        impute=impute or default_imputation(period_suffix),
        period_suffix=period_suffix,
        options=data,
    )
    chosen = frequent_classes(prepared, definitions, min_count)
    run = _Run(prepared, tuple(chosen), lists, options, device, workers, verbose)
    models, metrics, reports = run.train()
    facts = {
        "training_set": {"sha256": hash_file(training_set), **prepared.summary()},
        "options": {**asdict(data), **asdict(options), "min_count": min_count},
        "versions": _versions(algorithm),
    }
    group = group or Path(output).name
    return write_bundle(
        output,
        algorithm=algorithm,
        group=group,
        models=models,
        definitions=chosen,
        features=lists,
        preprocessing=prepared.preprocessing,
        metrics={"classes": metrics, "training": reports},
        card=render_card(algorithm, group, metrics, facts, about=about, limits=limits),
        facts=facts,
    )


def frequent_classes(
    data: TrainingData, definitions: Sequence[ClassDefinition], min_count: int | None
) -> list[ClassDefinition]:
    """Return the classes with more than `min_count` positive rows, or all if it is None.

    With a `min_count`, classes whose training or validation rows are all on one side
    are left out as well.

    Raises
    ------
    InputError
        If there are none.
    """
    if min_count is None:
        return list(definitions)
    chosen, rare = [], []
    for item in definitions:
        count = int((data.labels[item.label] > item.threshold).sum())
        if count > min_count and data.trainable(item):
            chosen.append(item)
        else:
            rare.append(f"{item.tag} ({count})")
    if rare:
        logger.info("left out for want of positive rows (their number): %s", ", ".join(rare))
    if not chosen:
        raise InputError(
            "no class has enough positive rows to be trained",
            value=", ".join(rare) or "no classes",
            allowed=f"more than {min_count}, of stars in the training and the validation set",
            todo="add labelled stars, or lower training.min_count",
        )
    return chosen


@dataclass(frozen=True)
class _Run:
    """The training of all classes by one algorithm."""

    data: TrainingData
    definitions: tuple[ClassDefinition, ...]
    features: Mapping[str, tuple[str, ...]]
    options: Options
    device: str
    workers: int
    verbose: int

    @property
    def algorithm(self) -> str:
        return "dnn" if isinstance(self.options, NetworkOptions) else "xgb"

    def train(self) -> tuple[dict[str, bytes], dict[str, Any], dict[str, Any]]:
        """Return model files, figures per set and how each training went, by class."""
        for item in self.definitions:
            self.examples(item)  # a mistake shows before hours of training
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            if isinstance(self.options, NetworkOptions):
                reports = self._train_networks(self.options, folder)
            else:
                reports = self._train_trees(self.options, folder)
            paths = {
                item.tag: folder / f"{item.tag}{SUFFIXES[self.algorithm]}"
                for item in self.definitions
            }
            metrics = {item.tag: self._evaluate(item, paths[item.tag]) for item in self.definitions}
            return {tag: path.read_bytes() for tag, path in paths.items()}, metrics, reports

    def examples(self, item: ClassDefinition) -> tuple[Examples, Examples, Examples]:
        return self.data.examples(item, self.features[item.features])

    def _train_networks(self, options: NetworkOptions, folder: Path) -> dict[str, Any]:
        from scope.classifiers.dnn_job import NetworkJob, run_jobs

        job = NetworkJob(
            self.data, self.definitions, dict(self.features), options, self.device, self.verbose
        )
        return run_jobs(job, folder, self.workers)

    def _train_trees(self, options: TreeOptions, folder: Path) -> dict[str, Any]:
        def train(item: ClassDefinition) -> dict[str, Any]:
            train_rows, validation_rows, _ = self.examples(item)
            trained = train_trees(
                train_rows,
                validation_rows,
                self.features[item.features],
                options,
                weight_per_class=item.weight_per_class,
                seed=self.data.seed,
                device=self.device,
            )
            (folder / f"{item.tag}{SUFFIXES['xgb']}").write_bytes(trained.content)
            logger.info("trained %s: %s", item.tag, trained.parameters)
            return {"parameters": trained.parameters, "importance": trained.importance}

        check_tree_device(self.device)
        with ThreadPoolExecutor(self.workers) as pool:
            reports = list(pool.map(train, self.definitions))
        tags = [item.tag for item in self.definitions]
        return dict(zip(tags, reports, strict=True))

    def _evaluate(self, item: ClassDefinition, path: Path) -> dict[str, Any]:
        """Return the figures of one class on each set, scored as inference scores."""
        classifier = load_classifier(path, self.algorithm, self.features[item.features])
        return {
            name: score_metrics(part.target, classifier.predict(part.features, part.dmdt))
            for name, part in zip(SETS, self.examples(item), strict=True)
        }


def _versions(algorithm: str) -> dict[str, str]:
    """Return the versions of what trained, for whoever wants the same again."""
    packages = {"dnn": ("keras", "numpy"), "xgb": ("xgboost-cpu", "xgboost", "numpy")}[algorithm]
    versions = {"scope": __version__}
    for package in packages:
        try:
            versions[package.removesuffix("-cpu")] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions
