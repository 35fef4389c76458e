"""What a training process is given, in a file that is data and nothing else.

A pickle would run what whoever can write into the folder wants; arrays are read without any.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from scope.classifiers.data import TrainingData
from scope.classifiers.dnn import NetworkOptions
from scope.classifiers.pretrained import Pretrained
from scope.config.classes import ClassDefinition
from scope.preprocessing.frozen import Preprocessing
from scope.schema import parse_json

JOB = "job.npz"
PREPROCESSING = "job-preprocessing.json"
"""No class has a hyphen in its tag."""

_SETTINGS = "settings"
_APART = ("preprocessing", "seed")
"""Fields of the data that are no arrays."""


@dataclass(frozen=True)
class NetworkJob:
    """What a training process is given.

    Attributes
    ----------
    data : TrainingData
    definitions : tuple of ClassDefinition
    features : dict of list name to columns
    options : NetworkOptions
    device : {"cpu", "cuda"}
    verbose : {0, 1, 2}
    n_folds : dict of class tag to int
        Folds that networks are trained without, one each; 0 for none.
    start : dict of class tag to Pretrained
        Trained networks to go on from.
    """

    data: TrainingData
    definitions: tuple[ClassDefinition, ...]
    features: dict[str, tuple[str, ...]]
    options: NetworkOptions
    device: str
    verbose: int
    n_folds: dict[str, int]
    start: dict[str, Pretrained] = field(default_factory=dict)


def write_job(job: NetworkJob, folder: Path) -> None:
    """Write a job into a folder, as `read_job` reads it."""
    arrays: dict[str, Any] = {}
    names: dict[str, list[str]] = {}
    for item in fields(TrainingData):
        value = getattr(job.data, item.name)
        if item.name in _APART or value is None:
            continue
        if isinstance(value, Mapping):
            # Labels are called as people like; parts of an archive are not.
            names[item.name] = list(value)
            arrays |= {f"{item.name}.{k}": part for k, part in enumerate(value.values())}
        else:
            arrays[item.name] = value
    settings = {
        "seed": job.data.seed,
        "names": names,
        "definitions": [asdict(one) for one in job.definitions],
        "features": job.features,
        "options": asdict(job.options),
        "device": job.device,
        "verbose": job.verbose,
        "n_folds": job.n_folds,
        "start": {tag: [str(one.path), one.weights_only] for tag, one in job.start.items()},
    }
    job.data.preprocessing.save(folder / PREPROCESSING)
    with (folder / JOB).open("wb") as file:
        np.savez(file, **arrays, **{_SETTINGS: np.array(json.dumps(settings))})


def read_job(folder: Path) -> NetworkJob:
    """Read the job of a folder.

    Raises
    ------
    ValueError
        If it holds a pickle, or is no job.
    """
    with np.load(folder / JOB, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    settings = parse_json(str(arrays.pop(_SETTINGS)))
    parts = {
        name: {label: arrays.pop(f"{name}.{k}") for k, label in enumerate(labels)}
        for name, labels in settings["names"].items()
    }
    data = TrainingData(
        preprocessing=Preprocessing.load(folder / PREPROCESSING),
        seed=settings["seed"],
        **arrays,
        **parts,
    )
    options = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in settings["options"].items()
    }
    return NetworkJob(
        data,
        tuple(ClassDefinition(**one) for one in settings["definitions"]),
        {name: tuple(columns) for name, columns in settings["features"].items()},
        NetworkOptions(**options),
        settings["device"],
        settings["verbose"],
        settings["n_folds"],
        {tag: Pretrained(Path(path), only) for tag, (path, only) in settings["start"].items()},
    )
