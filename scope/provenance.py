"""Where a product came from: pipeline version, stage versions, settings and inputs.

A record is a JSON object that goes into the file as metadata. It holds nothing that differs
between two runs of the same thing: no time of day, host, path, user or number of workers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scope import __version__
from scope.errors import InputError, NotFoundError
from scope.jsontext import to_json

STAGES: dict[str, int] = {
    "simulation": 4,
    "sources": 3,
    "lightcurves": 2,
    "crossmatch": 1,
    "features": 7,
    "imputed": 4,
    "gathered": 1,
    "scores": 1,
    "nulls": 3,
    "preds": 5,
    "catalog": 6,
    "stars": 2,
    "quality": 1,
    "delta": 1,
    "report": 4,
    "labelled": 3,
    "labels": 1,
    "twins": 2,
    "field_stars": 2,
    "training_set": 4,
    "training_scores": 3,
    "bundle": 7,
    "fusion": 4,
    "star_fusion": 1,
    "active": 3,
    "stamp_scores": 2,
    "stamp_links": 1,
}
"""Version of each stage. It rises whenever the stage's code changes what it writes."""

RESERVED = ("pipeline_version", "stages")
"""What a record says of itself; the rest are facts."""


def record(
    stage: str,
    upstream: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    **facts: Any,
) -> dict[str, Any]:
    """Return the record of a product of `stage`.

    Parameters
    ----------
    stage : str
        A key of `STAGES`.
    upstream : mapping or sequence of mappings, optional
        Records of the files that it was made from; their facts are carried on.
    **facts
        What is new at this stage. They replace facts of the same name.

    Returns
    -------
    dict
        ``pipeline_version``, ``stages`` (name to version) and the facts, JSON values only.

    Raises
    ------
    InputError
        If the stage is unknown, a fact is no JSON value or has a reserved name, or the
        inputs were made by different stage versions or with different facts.
    """
    if stage not in STAGES:
        raise InputError("record of an unknown stage", value=stage, allowed=STAGES)
    if taken := [name for name in RESERVED if name in facts]:
        raise InputError("fact with a reserved name", value=", ".join(taken))
    stages: dict[str, Any] = {}
    merged: dict[str, Any] = {}
    for part in _parts(upstream):
        _merge(stages, part.get("stages", {}), "stage version", facts=())
        inherited = {key: value for key, value in part.items() if key not in RESERVED}
        _merge(merged, inherited, "fact", facts=facts)
    result = {**merged, **facts, "pipeline_version": __version__}
    result["stages"] = {**stages, stage: STAGES[stage]}
    copy: dict[str, Any] = json.loads(to_json(result))
    return copy


def hash_json(value: Any) -> str:
    """Return the SHA-256, in hexadecimal, of a JSON value in canonical form.

    Raises
    ------
    InputError
        If `value` is not JSON.
    """
    return hashlib.sha256(to_json(value).encode()).hexdigest()


def hash_file(path: str | Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal.

    Raises
    ------
    NotFoundError
        If there is no such file.
    """
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise NotFoundError("no such file", value=str(path)) from error


def _parts(
    upstream: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None,
) -> Sequence[Mapping[str, Any]]:
    if upstream is None:
        return []
    return [upstream] if isinstance(upstream, Mapping) else upstream


def _merge(
    into: dict[str, Any],
    part: Mapping[str, Any],
    kind: str,
    facts: Mapping[str, Any] | Sequence[str],
) -> None:
    """Add `part` to `into`; a disagreement is an error unless `facts` settle it."""
    for name, value in part.items():
        if name in into and into[name] != value and name not in facts:
            raise InputError(
                f"inputs made with different settings: {kind} {name!r}",
                value=f"{into[name]} and {value}",
                allowed="one value in all inputs",
                todo="make them again with one configuration",
            )
        into[name] = value
