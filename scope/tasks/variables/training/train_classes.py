"""Training some classes of the configuration, as ``scope train`` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from scope.config import Config
from scope.config.training import Training
from scope.errors import ConfigError
from scope.jsontext import parse_json
from scope.models.places import writing_folder
from scope.models.training.pretrained import Pretrained
from scope.tasks.variables.bundles.extend_bundle import extend_bundle
from scope.tasks.variables.bundles.model_bundle import METRICS, VARIABLES, ModelBundle
from scope.tasks.variables.training.train_bundle import train_bundle
from scope.tasks.variables.training.training_settings import training_settings

DEFAULT_GROUP = "experiment"


@dataclass(frozen=True)
class TrainedClasses:
    """Bundle, scores and figures of a training.

    Attributes
    ----------
    bundle : ModelBundle
        The classes just trained.
    metrics : dict of class tag to figures
        See ``metrics.json``.
    reports : dict of class tag to dict
        How each training went.
    scores : Path
        Scores of the training set, see `scope.tasks.variables.training.training_scores`.
    skipped : dict of class tag to str
        Classes that could not be trained, and why.
    """

    bundle: ModelBundle
    metrics: Mapping[str, Any]
    reports: Mapping[str, Any]
    scores: Path
    skipped: Mapping[str, str] = field(default_factory=dict)


def train_classes(
    config: Config,
    folder: str | Path,
    *,
    algorithm: str,
    device: str = "cpu",
    workers: int = 1,
    verbose: int = 0,
    calibrate: bool = True,
    skip_untrainable: bool = False,
    start: Mapping[str, Pretrained] | None = None,
) -> TrainedClasses:
    """Train the classes `config.training.tags` on `config.training.dataset` into a folder.

    Parameters
    ----------
    folder : path
        Gets the bundle, under the name of the group, and the scores of the training set.
    calibrate : bool
        False spares the models without a fold; a catalogue has no probabilities then.
    skip_untrainable : bool
        Leave out classes that cannot be trained; else one is an error.
    start : mapping of class tag to Pretrained, optional
        Trained models to go on from.

    Raises
    ------
    ConfigError
        If no classes or no training set are configured, or a setting cannot be used.
    MissingColumnError, InputError
        If the training set lacks columns, values or examples of a class.
    BackendError
        If the device is not there.
    """
    training = config.training
    for name, value in (("tags", training.tags), ("dataset", training.dataset)):
        if not value:
            raise ConfigError(
                f"training without {'classes' if name == 'tags' else 'a training set'}",
                todo=f"name {'some with --tag' if name == 'tags' else 'it with --path-dataset'}, "
                f"or set training.{name}",
            )
    settings = training_settings(config)
    if not calibrate:
        settings["calibration"] = None
    # A class that was named is trained, however few examples it has, or is an error.
    settings["min_count"] = None
    folder = Path(folder)
    scores = folder / f"scores_{algorithm}.parquet"
    bundle = train_bundle(
        str(training.dataset),
        folder / training.group,
        algorithm=algorithm,
        device=device,
        workers=workers,
        verbose=verbose,
        skip_untrainable=skip_untrainable,
        start=start,
        scores_output=scores,
        **settings,
    )
    metrics = parse_json((bundle.folder / METRICS).read_bytes())
    skipped = bundle.manifest.get("skipped", {})
    return TrainedClasses(bundle, metrics["classes"], metrics["training"], scores, skipped)


def save_trained(trained: TrainedClasses, models: str | Path, config: Config) -> ModelBundle:
    """Put trained classes into ``<models>/<algorithm>/<group>``; see `extend_bundle`."""
    settings = training_settings(config)
    output = writing_folder(models, VARIABLES, trained.bundle.algorithm, config.training.group)
    return extend_bundle(trained.bundle, output, about=settings["about"], limits=settings["limits"])


def with_state(config: Config, state: int, usual: int) -> Config:
    """Return the configuration for a random state.

    Models of another state than the `usual` one go to a group of their own,
    ``<group>_state_<state>``: no training overwrites that of another state, and each group
    can score.
    """
    training = config.training
    group = training.group if state == usual else f"{training.group}_state_{state}"
    return replace_training(config, random_state=state, group=group)


def replace_training(config: Config, **values: Any) -> Config:
    """Return the configuration with other values in its section ``training``.

    Raises
    ------
    ConfigError
        If one cannot be used.
    """
    try:
        checked = Training.model_validate({**config.training.model_dump(), **values})
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(
            f"setting training.{'.'.join(map(str, first['loc']))}",
            value=first["input"],
            allowed=first["msg"],
        ) from None
    return config.model_copy(update={"training": checked})


def pretrained(
    path: str | None, tags: Sequence[str], algorithm: str, *, weights_only: bool
) -> dict[str, Pretrained]:
    """Return the model that the training of one class goes on from; none without a path.

    Raises
    ------
    ConfigError
        If there are several classes for one model.
    NotFoundError
        If there is no such file.
    """
    if path is None:
        if weights_only:
            raise ConfigError(
                "weights of no model", value="weights_only", todo="name it with --pre-trained-model"
            )
        return {}
    if len(tags) != 1:
        raise ConfigError(
            "one trained model to go on from and several classes",
            value=", ".join(tags),
            allowed="one class",
            todo="train the classes one by one",
        )
    return {tags[0]: Pretrained.find(path, algorithm, weights_only=weights_only)}
