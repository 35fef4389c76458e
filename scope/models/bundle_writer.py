"""Writing model bundles, whole or not at all."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scope.errors import InputError
from scope.models.algorithm import InputSpec
from scope.models.bundle import (
    CARD,
    KIND,
    MANIFEST,
    METRICS,
    SCHEMA_VERSION,
    Bundle,
    Member,
    Output,
    sha256_of,
)


def write_bundle(
    output: str | Path,
    *,
    task: str,
    algorithm: str,
    group: str,
    inputs: Sequence[InputSpec],
    outputs: Sequence[Output],
    members: Sequence[Member],
    models: Mapping[str, bytes],
    metrics: Mapping[str, Any],
    card: str,
    files: Mapping[str, bytes] | None = None,
    preparation: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Bundle:
    """Write a bundle, whole or not at all, and return it as loaded again.

    Parameters
    ----------
    output : path
        Its folder, by custom ``models/<task>/<algorithm>/<group>``; a bundle there is replaced.
    models : mapping of member to bytes
        The model files.
    metrics : mapping
        JSON; see ``metrics.json``.
    card : str
        Markdown: what the models were trained on, and what they are not fit for.
    files : mapping of file name to bytes, optional
        What else belongs to it: ``calibration.json``, the task's frozen preparation.
    preparation : mapping, optional
        JSON that the task compares on load.
    facts : mapping, optional
        JSON about the training: versions, options, training set.

    Raises
    ------
    InputError
        If there is something else at `output`.
    BundleError
        If members, inputs and outputs do not fit together.
    """
    contents = {item.file: models[item.name] for item in members}
    contents.update(files or {})
    contents[METRICS] = json_bytes(metrics)
    contents[CARD] = card.encode()
    manifest = {
        "kind": KIND,
        "schema_version": SCHEMA_VERSION,
        "task": task,
        "algorithm": algorithm,
        "group": group,
        "inputs": [input_record(item) for item in inputs],
        "outputs": [item.record() for item in outputs],
        "members": [item.record() for item in members],
        **({"preparation": dict(preparation)} if preparation else {}),
        **(facts or {}),
        "files": {name: sha256_of(content) for name, content in contents.items()},
    }
    replace_folder(Path(output), {**contents, MANIFEST: json_bytes(manifest)})
    return Bundle.load(output)


def input_record(item: InputSpec) -> dict[str, Any]:
    """Return an input as ``bundle.json`` has it."""
    columns = {"columns": list(item.columns)} if item.columns else {}
    return {"name": item.name, "shape": list(item.shape), "dtype": item.dtype, **columns}


def replace_folder(output: Path, contents: Mapping[str, bytes]) -> None:
    """Write a folder beside its place and move it there; it has a manifest.

    Raises
    ------
    InputError
        If there is something else at `output`.
    """
    # `scope.io` loads pyarrow, which who only lists models needs not.
    from scope.io.folders import place_of

    output = place_of(output)
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
