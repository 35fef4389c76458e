"""Arguments of a training, from the configuration."""

from __future__ import annotations

from typing import Any

from scope.config import Config
from scope.config.algorithm_options import check_algorithm_options, option_names
from scope.models.algorithm import find_algorithm, make_options, options_record
from scope.models.calibration.class_calibration import CalibrationOptions
from scope.tasks.variables.bundles.model_bundle import VARIABLES
from scope.tasks.variables.training_sets.training_data import DataOptions

STARTER = "starter"
SIMULATED = (
    "Trained on light curves of the built-in simulation, at ZTF's cadence and errors, with "
    "classes in equal parts."
)
ONLY_SIMULATED = "No real star was used."
LABELLED = (
    "And on labelled stars of other surveys ({sets}), cut, thinned and given noise so that "
    "they look as ZTF would have seen them."
)
FIELD_STARS = (
    "And on unlabelled stars of real fields that show no variability, without and with simulated "
    "signals."
)
NO_FIELD_STARS = "No star that ZTF observed was used."
STARTER_LIMITS = (
    "A starter, so that a first run needs no download. The simulated sky knows fewer kinds of "
    "variability, artefacts and blends than the real one, the stars of other surveys were seen "
    "through other passbands and have no colours, and classes come in other proportions: "
    "probabilities refer to those of the training set, and rare classes on a real field will "
    "be dominated by false positives. Not fit for a "
    "published catalogue; train on labelled light curves for that."
)


def _about(config: Config) -> str:
    """Return what the card says about the training set of a starter."""
    labelled = config.training.labelled
    if config.training.group != STARTER:
        return ""
    there = config.training.field_stars.archive is not None
    if labelled.folder is None:
        return f"{SIMULATED} {FIELD_STARS if there else ONLY_SIMULATED}"
    words = LABELLED.format(sets=", ".join(labelled.sets))
    return f"{SIMULATED} {words} {FIELD_STARS if there else NO_FIELD_STARS}"


def algorithm_options(config: Config, name: str) -> Any:
    """Return how the models of an algorithm are trained.

    Raises
    ------
    ConfigError
        If the algorithm is unknown, or does not take what is configured.
    """
    algorithm = find_algorithm(name)
    check_algorithm_options(config.training.options)
    if not algorithm.section:
        return make_options(algorithm, config.training.options.get(name, {}))
    section = getattr(config.training, algorithm.section)
    return make_options(
        algorithm, {item: getattr(section, item) for item in option_names(algorithm.options)}
    )


def training_settings(config: Config) -> dict[str, Any]:
    """Return the keyword arguments of `scope.tasks.variables.training.train_bundle`."""
    training = config.training
    return {
        "definitions": config.class_definitions(training.tags),
        "features": {
            kind: tuple(config.model_features(kind)) for kind in ("phenomenological", "ontological")
        },
        "impute": config.imputation(),
        "period_suffix": config.features.info.period_suffix,
        "data": DataOptions(
            test_size=training.test_size,
            val_size=training.val_size,
            sky_block_deg=training.sky_block_deg,
            scaling=training.scale_features,
            scales=config.feature_scales(),
            seed=training.random_state,
        ),
        "options": {
            name: options_record(algorithm_options(config, name)) for name in VARIABLES.algorithms
        },
        "calibration": CalibrationOptions(**training.calibration.model_dump()),
        "group": training.group,
        "min_count": training.min_count,
        "about": _about(config),
        "limits": STARTER_LIMITS if training.group == STARTER else "",
    }
