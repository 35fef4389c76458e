"""The training of all classes by one algorithm, and the scores of what was trained."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.config.classes import ClassDefinition
from scope.errors import InputError
from scope.models.algorithm import TrainingData as ModelTraining
from scope.models.algorithm import find_algorithm
from scope.models.calibration.class_calibration import RANK, CalibrationOptions
from scope.models.calibration.fold_scale import LEAST_ROWS, on_scale
from scope.models.evaluation.score_metrics import score_metrics
from scope.models.training.class_examples import Examples
from scope.models.training.jobs import Job, model_path, run_jobs
from scope.models.training.pretrained import Pretrained
from scope.models.training.splits import TRAIN, VALIDATION
from scope.tasks.variables.bundles.model_bundle import load_classifier, model_inputs
from scope.tasks.variables.training.training_scores import ClassScores
from scope.tasks.variables.training_sets.training_data import TrainingData

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trained:
    """Models, reports and scores of a training, by class tag.

    Attributes
    ----------
    models : dict of str to bytes
        Model files.
    reports : dict of str to dict
        How each training went; JSON.
    scores : dict of str to ClassScores
        Of models that did not see the star.
    seen : dict of str to dict
        Figures of each model on the rows that it was trained on.
    """

    models: dict[str, bytes]
    reports: dict[str, Any]
    scores: dict[str, ClassScores]
    seen: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class TrainingRun:
    """The training of all classes by one algorithm.

    Attributes
    ----------
    data : TrainingData
    definitions : tuple of ClassDefinition
    features : mapping of list name to columns
    algorithm : str
    options : object
        Of the algorithm.
    calibration : CalibrationOptions or None
        None trains no models without a fold: nothing can be calibrated then.
    device : {"cpu", "cuda"}
    workers : int
        Classes that are trained at a time.
    verbose : {0, 1, 2}
        What the algorithm's library prints.
    start : mapping of class tag to Pretrained
        Trained models to go on from.
    """

    data: TrainingData
    definitions: tuple[ClassDefinition, ...]
    features: Mapping[str, tuple[str, ...]]
    algorithm: str
    options: Any
    calibration: CalibrationOptions | None
    device: str
    workers: int
    verbose: int
    start: Mapping[str, Pretrained] = field(default_factory=dict)

    def train(self) -> Trained:
        """Train and score all classes.

        Raises
        ------
        InputError
            If a class cannot be trained; before hours of training of the others.
        BackendError
            If the device is not there.
        """
        for item in self.definitions:
            self._check(item)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            reports = run_jobs(self._job(), folder, self.workers)
            scored = {item.tag: self._score(item, folder) for item in self.definitions}
            models = {
                item.tag: self._path(folder, item.tag).read_bytes() for item in self.definitions
            }
        return Trained(
            models,
            reports,
            {tag: scores for tag, (scores, _) in scored.items()},
            {tag: figures for tag, (_, figures) in scored.items()},
        )

    def untrainable(self) -> dict[str, str]:
        """Return the classes that `train` would refuse, and why."""
        found = {}
        for item in self.definitions:
            try:
                self._check(item)
            except InputError as error:
                found[item.tag] = f"{error.what}: {error.value}"
        return found

    def _check(self, item: ClassDefinition) -> None:
        """Raise InputError if a class cannot be trained."""
        find_algorithm(self.algorithm).check(self.training_data(item.tag), self.options)
        self._check_folds(item)

    def n_folds(self, item: ClassDefinition) -> int:
        """Return into how many folds the training stars of a class are cut; 0 for none."""
        if self.calibration is None:
            return 0
        positive, member = self.data.targets(item)
        learnt = member & (self.data.sets == TRAIN)
        fewest = min(self._n_groups(learnt & side) for side in (positive, ~positive))
        rank_only = self.calibration.method(fewest, self.algorithm) == RANK
        return 0 if rank_only else self.calibration.n_folds

    def _check_folds(self, item: ClassDefinition) -> None:
        """Raise InputError if a fold leaves nothing to learn from."""
        positive, _ = self.data.targets(item)
        for number in range(n_folds := self.n_folds(item)):
            learnt, _ = self.data.fold_rows(item, number, n_folds)
            n_positive = int(positive[learnt].sum())
            if n_positive in (0, len(learnt)):
                raise InputError(
                    f"class {item.tag!r} cannot be calibrated, what is left without fold "
                    f"{number + 1} of {n_folds} needs positive and negative rows",
                    value=f"{n_positive} of {len(learnt)} rows are positive",
                    todo="add stars, choose other folds (training.calibration.n_folds) or smaller "
                    "blocks of the sky (training.sky_block_deg), or train with --calibrate false",
                )

    def _examples(self, item: ClassDefinition) -> tuple[Examples, Examples, Examples]:
        return self.data.examples(item, self.features[item.features])

    def _path(self, folder: Path, tag: str, fold: int | None = None) -> Path:
        return model_path(folder, self.algorithm, tag, fold)

    def _job(self) -> Job:
        return Job(
            self.algorithm,
            self,
            {item.tag: self.n_folds(item) for item in self.definitions},
            self.options,
            self.data.seed,
            self.device,
            self.verbose,
        )

    def training_data(self, name: str, fold: int | None = None) -> ModelTraining:
        """Return what the model of a class learns from, whole or without a fold."""
        item = next(one for one in self.definitions if one.tag == name)
        features = self.features[item.features]
        training, validation, _ = self._examples(item)
        if fold is not None:
            training, _ = self.data.fold(item, features, fold, self.n_folds(item))
        start = self.start.get(name)
        return ModelTraining(
            training.rows,
            validation.rows,
            model_inputs(self.algorithm, features),
            asdict(item),
            weigh_sides=item.weight_per_class,
            start=None if start is None else start.path,
            start_weights_only=start is not None and start.weights_only,
        )

    def _score(self, item: ClassDefinition, folder: Path) -> tuple[ClassScores, dict[str, Any]]:
        """Return the scores of a class, and the figures of what its model was trained on.

        Models score as in inference. Training rows are scored by the models that left out
        their fold, on the scale of the whole one, and by none where there is no such model.
        """
        positive, member = self.data.targets(item)
        learnt = member & (self.data.sets == TRAIN)
        path = self._path(folder, item.tag)
        scores = np.full(len(member), np.nan, dtype=np.float32)
        scores[~learnt] = self._predict(item, path, np.flatnonzero(~learnt))
        validation = self._validation(positive, member)
        if self.n_folds(item) and len(validation) < LEAST_ROWS:
            logger.warning(
                "%s: %d validation rows are too few to bring scores of folds to one scale",
                *(item.tag, len(validation)),
            )
        for number in range(n_folds := self.n_folds(item)):
            _, left_out = self.data.fold_rows(item, number, n_folds)
            part = self._path(folder, item.tag, number)
            by_fold = self._predict(item, part, validation)
            own = self._predict(item, part, left_out)
            scores[left_out] = on_scale(own, by_fold, scores[validation])
        seen = self._predict(item, path, np.flatnonzero(learnt))
        found = ClassScores(positive, member, scores, self._score_prevalence(item))
        return found, score_metrics(positive[learnt], seen)

    def _validation(
        self, positive: npt.NDArray[np.bool_], member: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.int64]:
        """Return the validation rows of a class; the observed ones where they calibrate it.

        With too few of these to match scores by, all rows do.
        """
        rows = np.flatnonzero(member & (self.data.sets == VALIDATION))
        if self.calibration is None or self.data.observed is None:
            return rows
        learnt = member & (self.data.sets == TRAIN) & self.data.observed
        fewest = min(self._n_groups(learnt & side) for side in (positive, ~positive))
        observed = rows[self.data.observed[rows]]
        if fewest < self.calibration.observed_from or len(observed) < LEAST_ROWS:
            return rows
        return observed

    def _n_groups(self, rows: npt.NDArray[np.bool_]) -> int:
        return len(np.unique(self.data.groups[rows]))

    def _predict(
        self, item: ClassDefinition, path: Path, rows: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float32]:
        features = self.features[item.features]
        classifier = load_classifier(path, self.algorithm, features)
        part = self.data.rows(item, features, rows)
        return classifier.predict(part.features, part.dmdt)

    def _score_prevalence(self, item: ClassDefinition) -> float:
        """Return the weighted part of positive rows among those that models learn from."""
        training, _, _ = self._examples(item)
        if item.weight_per_class:
            return 0.5
        return float(training.target.mean())
