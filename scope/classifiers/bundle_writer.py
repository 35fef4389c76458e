"""Writing model bundles."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from scope.classifiers.bundle import (
    CALIBRATION,
    CARD,
    KIND,
    MANIFEST,
    METRICS,
    PREPROCESSING,
    SCHEMA_VERSION,
    SUFFIXES,
    ModelBundle,
    sha256_of,
)
from scope.classifiers.calibration import Calibration
from scope.config.classes import ClassDefinition
from scope.errors import InputError
from scope.preprocessing.frozen import Preprocessing


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
    suffix = SUFFIXES[algorithm]
    contents = {f"{item.tag}{suffix}": models[item.tag] for item in definitions}
    contents[PREPROCESSING] = preprocessing.content
    if calibration is not None:
        contents[CALIBRATION] = calibration.content
    contents[METRICS] = json_bytes(metrics)
    contents[CARD] = card.encode()
    used = {item.features for item in definitions}
    manifest = {
        "kind": KIND,
        "schema_version": SCHEMA_VERSION,
        "algorithm": algorithm,
        "group": group,
        "period_suffix": preprocessing.period_suffix,
        **_interface(algorithm, definitions, {name: features[name] for name in sorted(used)}),
        "members": [
            {
                "class": item.tag,
                "file": f"{item.tag}{suffix}",
                "output": f"{item.tag}_{algorithm}",
                "definition": asdict(item),
            }
            for item in definitions
        ],
        "thresholds": {item.tag: item.threshold for item in definitions},
        "preprocessing": {"file": PREPROCESSING, "sha256": preprocessing.sha256},
        **facts,
        "files": {name: sha256_of(content) for name, content in contents.items()},
    }
    replace_folder(Path(output), {**contents, MANIFEST: json_bytes(manifest)})
    return ModelBundle.load(output)


def _interface(
    algorithm: str, definitions: Sequence[ClassDefinition], features: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Describe inputs and outputs: names, shapes, types and kinds."""
    inputs: list[dict[str, Any]] = [
        {"name": name, "shape": [None, len(columns)], "dtype": "float32"}
        for name, columns in features.items()
    ]
    if algorithm == "dnn":
        inputs.append({"name": "dmdt", "shape": [None, 26, 26], "dtype": "float32"})
    outputs = [{"name": f"{item.tag}_{algorithm}", "kind": "score"} for item in definitions]
    return {
        "input_kind": "light-curve features, filled and scaled",
        "inputs": inputs,
        "outputs": outputs,
        "features": {name: list(columns) for name, columns in features.items()},
    }


def replace_folder(output: Path, contents: Mapping[str, bytes]) -> None:
    """Write a folder beside its place and move it there; it has a manifest.

    Raises
    ------
    InputError
        If there is something else at `output`.
    """
    if output.is_dir() and any(output.iterdir()) and not (output / MANIFEST).is_file():
        raise InputError(
            "folder that is no model bundle stands where one is to be written",
            value=str(output),
            todo="name another folder, or remove it",
        )
    output.parent.mkdir(parents=True, exist_ok=True)
    temporary = output.with_name(f".{output.name}.{secrets.token_hex(8)}.tmp")
    temporary.mkdir()
    try:
        for name, content in contents.items():
            (temporary / name).write_bytes(content)
        if output.is_dir():
            old = output.with_name(f".{output.name}.{secrets.token_hex(8)}.tmp")
            os.replace(output, old)
            os.replace(temporary, output)
            shutil.rmtree(old)
        else:
            os.replace(temporary, output)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def json_bytes(value: Mapping[str, Any]) -> bytes:
    """Return a file of JSON; NaN is none."""
    return (json.dumps(value, indent=1, allow_nan=False) + "\n").encode()
