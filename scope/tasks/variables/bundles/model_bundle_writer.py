"""Writing bundles of light-curve classifiers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from scope.config.classes import ClassDefinition
from scope.models.algorithm import InputSpec, find_algorithm
from scope.models.bundle import Member, Output
from scope.models.bundle_writer import json_bytes, replace_folder
from scope.models.bundle_writer import write_bundle as write_general_bundle
from scope.models.calibration.class_calibration import Calibration
from scope.preprocessing.frozen import Preprocessing
from scope.tasks.variables.bundles.model_bundle import (
    CALIBRATION,
    FEATURES,
    HISTOGRAM,
    PREPROCESSING,
    VARIABLES,
    ModelBundle,
)

__all__ = ["json_bytes", "replace_folder", "write_bundle"]


def write_bundle(
    output: str | Path,
    *,
    algorithm: str,
    group: str,
    models: Mapping[str, bytes],
    definitions: Sequence[ClassDefinition],
    features: Mapping[str, Sequence[str]],
    preprocessing: Preprocessing,
    calibration: Calibration | None,
    metrics: Mapping[str, Any],
    card: str,
    facts: Mapping[str, Any],
) -> ModelBundle:
    """Write a bundle, whole or not at all, and return it as loaded again.

    Parameters
    ----------
    output : path
        Its folder; a bundle there is replaced.
    models : mapping of class tag to bytes
        The model files.
    features : mapping of list name to columns
        The lists that the definitions name.
    calibration : Calibration or None
        What makes probabilities of the scores; None for models without.
    metrics : mapping
        JSON; see ``metrics.json``.
    facts : mapping
        JSON about the training: versions, options, training set.

    Raises
    ------
    InputError
        If there is something else at `output`.
    """
    suffix = find_algorithm(algorithm).suffix
    files = {PREPROCESSING: preprocessing.content}
    if calibration is not None:
        files[CALIBRATION] = calibration.content
    lists: dict[str, Sequence[str]] = {
        name: list(features[name]) for name in sorted({item.features for item in definitions})
    }
    write_general_bundle(
        output,
        task=VARIABLES.name,
        algorithm=algorithm,
        group=group,
        inputs=_inputs(algorithm, lists),
        outputs=[Output(f"{item.tag}_{algorithm}") for item in definitions],
        members=[
            Member(
                item.tag,
                f"{item.tag}{suffix}",
                f"{item.tag}_{algorithm}",
                {FEATURES: item.features},
                {"class": item.tag, "definition": asdict(item)},
            )
            for item in definitions
        ],
        models=models,
        metrics=metrics,
        card=card,
        files=files,
        facts={
            "input_kind": "light-curve features, filled and scaled",
            "features": lists,
            "period_suffix": preprocessing.period_suffix,
            "thresholds": {item.tag: item.threshold for item in definitions},
            "preprocessing": {"file": PREPROCESSING, "sha256": preprocessing.sha256},
            **facts,
        },
    )
    return ModelBundle.load(output)


def _inputs(algorithm: str, lists: Mapping[str, Sequence[str]]) -> list[InputSpec]:
    """Return the inputs: each list of features, and the histogram if it is looked at."""
    inputs = [InputSpec(name, (None, len(columns))) for name, columns in lists.items()]
    return inputs + [HISTOGRAM] * (HISTOGRAM.name in find_algorithm(algorithm).inputs)
