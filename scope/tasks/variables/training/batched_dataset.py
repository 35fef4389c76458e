"""A training set for those who train by themselves: split, filled, scaled, in batches."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.config import Config, load_config
from scope.config.classes import ClassDefinition
from scope.errors import ConfigError, InputError
from scope.features.registry import REGISTRY
from scope.models.algorithm import find_algorithm
from scope.models.networks.two_branch import DMDT_SHAPE
from scope.models.training.class_examples import Examples, balanced_rows
from scope.models.training.splits import SETS, TEST, TRAIN
from scope.tasks.variables.bundles.model_bundle import HISTOGRAM, VARIABLES
from scope.tasks.variables.training.train_bundle import default_imputation
from scope.tasks.variables.training_sets.training_data import (
    DataOptions,
    TrainingData,
    load_training_data,
)

Made = tuple[dict[str, Any], dict[str, npt.NDArray[np.int64]], dict[str, int], dict[int, float]]


class Dataset:
    """A training set of one class.

    ::

        from scope.utils import Dataset

        ds = Dataset("vnv", path_dataset="training.parquet")
        datasets, indexes, steps_per_epoch, class_weight = ds.make("variable", threshold=0.7)

    Rows are split by star before anything is fitted; imputation and scaling learn from training
    stars only; rows in which a feature that cannot be filled is undefined are left out.

    Parameters
    ----------
    tag : str
        Class of the configuration.
    path_dataset : path, optional
        ``.parquet``, ``.h5`` or ``.csv``; by default ``training.dataset``.
    features : sequence of str, or mapping, optional
        Features, with or without the suffix of the period search, or entries of the
        configuration with ``include``; by default those of the class.
    verbose : bool
        Print the numbers of rows.
    algorithm : str
        Whether `make` gives batches for Keras, of features and histograms, or arrays of features.
    period_suffix : str, optional
        Period search of the columns.
    config : Config, optional
        By default that of the working directory.

    Raises
    ------
    ConfigError
        If the class or the algorithm is unknown, or no training set is named.
    """

    def __init__(
        self,
        tag: str,
        path_dataset: str | Path | None = None,
        features: Sequence[str] | Mapping[str, Any] | None = None,
        verbose: bool = False,
        algorithm: str = "dnn",
        period_suffix: str | None = None,
        config: Config | None = None,
    ) -> None:
        self.config = load_config() if config is None else config
        (self.definition,) = self.config.class_definitions((tag,))
        path = path_dataset or self.config.training.dataset
        if path is None or algorithm.lower() not in VARIABLES.algorithms:
            raise ConfigError(
                "data set that cannot be made",
                value=f"path_dataset {path}, algorithm {algorithm}",
                allowed=f"a file, and {' or '.join(VARIABLES.algorithms)}",
            )
        self.path = Path(path)
        self.algorithm = algorithm.lower()
        self.verbose = verbose
        self.period_suffix = period_suffix or self.config.features.info.period_suffix
        self.features = self._columns(features)

    def _columns(self, features: Sequence[str] | Mapping[str, Any] | None) -> list[str]:
        """Return the columns of features, with suffix."""
        if features is None:
            kept = getattr(self.config.features, self.definition.features)
            features = [name for name, setting in kept.items() if setting.include]
        elif isinstance(features, Mapping):
            features = [name for name, setting in features.items() if setting.get("include")]
        return [
            REGISTRY[name].column_name(self.period_suffix) if name in REGISTRY else name
            for name in features
        ]

    def make(
        self,
        target_label: str | None = None,
        threshold: float | None = None,
        balance: float | None = None,
        weight_per_class: bool | None = None,
        scale_features: str | None = None,
        test_size: float | None = None,
        val_size: float | None = None,
        random_state: int | None = None,
        feature_stats: Mapping[str, Mapping[str, float]] | str | None = None,
        batch_size: int | None = None,
        shuffle_buffer_size: int | None = None,
        epochs: int | None = None,
        float_convert_types: Sequence[int] = (64, 32),
    ) -> Made:
        """Return the sets, where their rows are, how many batches they have, and weights.

        What is not given comes from the configuration of the class.

        Parameters
        ----------
        target_label : str, optional
            Column with the probability of the class.
        threshold : float, optional
            Rows above it are positive.
        balance : float, optional
            Training rows of the larger side per one of the smaller, at most.
        weight_per_class : bool, optional
            Weigh both sides alike.
        scale_features : {"min_max", "median_std", "quantile"}, optional
        test_size, val_size : float, optional
            Part of the stars for the test, and of the others for validation.
        random_state : int, optional
            Of the draw of `balance`, of reference rows and of the order of training rows. Which
            star is in which set does not depend on it.
        feature_stats : mapping or "config", optional
            Statistics to scale by, of each feature.
        batch_size, shuffle_buffer_size : int, optional
        epochs : int, optional
            How often the batches of training rows come round.
        float_convert_types : (64, 32)
            Features become 32-bit numbers; nothing else is possible.

        Returns
        -------
        datasets : dict
            ``train``, ``val``, ``test``: for Keras batches of ({"features", "dmdt"}, target),
            for trees (features, target).
        indexes : dict of str to (n,) int64
            Their rows in the file.
        steps_per_epoch : dict of str to int
            Batches of each.
        class_weight : dict of int to float
            Of negative (0) and positive (1) rows; the rarer has 1.

        Raises
        ------
        ConfigError, MissingColumnError, InputError
            If a setting, the file or a label cannot be used.
        """
        if tuple(float_convert_types) != (64, 32):
            raise ConfigError(
                "conversion of features", value=tuple(float_convert_types), allowed="(64, 32)"
            )
        definition = self._definition(
            label=target_label,
            threshold=threshold,
            balance=balance,
            weight_per_class=weight_per_class,
            batch_size=batch_size,
            epochs=epochs,
        )
        options = self._options(scale_features, test_size, val_size, random_state, feature_stats)
        data = self._load(definition, options)
        indexes, parts = _parts(data, definition, self.features)
        size = definition.batch_size
        if HISTOGRAM.name not in find_algorithm(self.algorithm).inputs:
            sets: dict[str, Any] = {n: (p.features, p.target) for n, p in parts.items()}
        else:
            buffer = shuffle_buffer_size or self.config.training.dnn.shuffle_buffer_size
            sets = {n: _batches(p, size) for n, p in parts.items() if n != "train"}
            sets["train"] = _batches(
                parts["train"], size, buffer=buffer, seed=options.seed, epochs=definition.epochs
            )
        weights = parts["train"].side_weights if definition.weight_per_class else (1.0, 1.0)
        steps = {name: math.ceil(len(part) / size) for name, part in parts.items()}
        if self.verbose:
            for name, part in parts.items():
                print(f"{name}: {len(part)} rows, {int(part.target.sum())} positive")
        indexes = {name: data.row_numbers[rows] for name, rows in indexes.items()}
        return {name: sets[name] for name in SETS}, indexes, steps, dict(enumerate(weights))

    def _definition(self, **given: Any) -> ClassDefinition:
        known = {name: value for name, value in given.items() if value is not None}
        return replace(self.definition, **known)

    def _options(
        self,
        scale_features: str | None,
        test_size: float | None,
        val_size: float | None,
        random_state: int | None,
        feature_stats: Mapping[str, Mapping[str, float]] | str | None,
    ) -> DataOptions:
        training = self.config.training
        given = {
            "test_size": test_size,
            "val_size": val_size,
            "scaling": scale_features,
            "seed": random_state,
        }
        usual = DataOptions(
            test_size=training.test_size,
            val_size=training.val_size,
            sky_block_deg=training.sky_block_deg,
            scaling=training.scale_features,
            seed=training.random_state,
            scales=self._scales(feature_stats),
        )
        chosen: dict[str, Any] = {name: v for name, v in given.items() if v is not None}
        return replace(usual, **chosen)

    def _scales(self, stats: Mapping[str, Mapping[str, float]] | str | None) -> Any:
        if stats is None or isinstance(stats, str):
            if stats not in (None, "config", "dataset"):
                raise ConfigError("feature_stats", value=stats, allowed="config, dataset, a table")
            where = stats or self.config.training.feature_stats
            training = self.config.training.model_copy(update={"feature_stats": where})
            return self.config.model_copy(update={"training": training}).feature_scales()
        return dict(zip(self._columns(list(stats)), stats.values(), strict=True))

    def _load(self, definition: ClassDefinition, options: DataOptions) -> TrainingData:
        return load_training_data(
            self.path,
            [definition],
            features=self.features,
            impute={**default_imputation(self.period_suffix), **self.config.imputation()},
            period_suffix=self.period_suffix,
            options=options,
        )


def _parts(
    data: TrainingData, definition: ClassDefinition, features: Sequence[str]
) -> tuple[dict[str, npt.NDArray[np.int64]], dict[str, Examples]]:
    """Return the rows of each set and what they hold; training rows balanced."""
    positive, member = data.targets(definition)
    indexes, parts = {}, {}
    for number, name in enumerate(SETS):
        rows = np.flatnonzero(member & (data.sets == number))
        if number != TEST and not 0 < positive[rows].sum() < len(rows):
            raise InputError(
                f"{name} rows that are all on one side",
                value=f"{int(positive[rows].sum())} of {len(rows)} have "
                f"{definition.label!r} above {definition.threshold}",
                todo="add labelled stars",
            )
        if number == TRAIN:
            rows = rows[balanced_rows(positive[rows], definition.balance, data.seed)]
        indexes[name] = rows
        parts[name] = data.rows(definition, features, rows)
    return indexes, parts


def _batches(
    part: Examples, size: int, *, buffer: int | None = None, seed: int = 0, epochs: int = 0
) -> Any:
    """Return batches; with `epochs` in another order each time, and as often."""
    import tensorflow as tf

    inputs = {"features": part.features, "dmdt": part.dmdt.reshape(-1, *DMDT_SHAPE)}
    rows = tf.data.Dataset.from_tensor_slices((inputs, part.target.astype(np.float32)))
    if epochs:
        rows = rows.shuffle(buffer or max(len(part), 1), seed=seed).batch(size).repeat(epochs)
        return rows
    return rows.batch(size)
