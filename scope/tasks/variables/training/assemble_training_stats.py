"""Figures and feature importances of trained classes, a JSON file per class."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from scope.errors import CorruptFileError, NotFoundError
from scope.io import write_bytes
from scope.jsontext import parse_json
from scope.tasks.variables.bundles.model_bundle import METRICS, ModelBundle, bundle_folder
from scope.tasks.variables.bundles.model_bundle_writer import json_bytes

STATS_DIRECTORY = "revised_stats"
IMPORTANCE_DIRECTORY = "xgb_feature_importances"

FIGURES = {
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1_score": "f1",
    "roc_auc": "roc_auc",
    "average_precision": "average_precision",
    "n": "n",
    "n_positive": "n_positive",
}
"""Name in the files -> name in ``metrics.json``. The cut is at a score of 0.5."""


def assemble_training_stats(
    models: str | Path,
    algorithm: str,
    group: str,
    *,
    part: str = "val",
    stats_directory: str = STATS_DIRECTORY,
    importance_directory: str = IMPORTANCE_DIRECTORY,
    output: str | Path = ".",
) -> list[Path]:
    """Write figures and importances of all classes of a bundle.

    Parameters
    ----------
    models : path
        Folder of models.
    algorithm : str
    group : str
    part : {"train", "val", "test"}
        Which stars the figures are of.
    stats_directory, importance_directory : str
        ``<algorithm>_<stats_directory>/<class>.json`` gets the figures,
        ``<importance_directory>/<class>.json`` the gain of each feature that trees use.
    output : path
        Folder of both.

    Returns
    -------
    list of Path
        Files written.

    Raises
    ------
    BundleError
        If there is no such bundle, or it is not whole.
    """
    bundle = ModelBundle.load(bundle_folder(models, algorithm, group))
    metrics = parse_json((bundle.folder / METRICS).read_bytes())
    written = []
    for tag in bundle.classes:
        figures = metrics["classes"][tag][part]
        stats = {name: figures.get(key) for name, key in FIGURES.items()}
        path = Path(output, f"{algorithm}_{stats_directory}", f"{tag}.json")
        written.append(_write(path, {"class": tag, "set": part, **stats}))
        importance = metrics["training"][tag].get("importance")
        if importance is not None:
            written.append(_write(Path(output, importance_directory, f"{tag}.json"), importance))
    return written


def _write(path: Path, content: Mapping[str, Any]) -> Path:
    write_bytes(json_bytes(content), path)
    return path


def read_stats(folder: str | Path, tags: Iterable[str] | None = None) -> dict[str, dict[str, Any]]:
    """Return the content of a folder of `assemble_training_stats`, by class.

    A class has the file ``<class>.json``: no other class's name begins with its name and a
    dot, as e, ea, eb and ew all begin with e.

    Parameters
    ----------
    folder : path
    tags : iterable of str, optional
        Classes; by default all. Those without a file are left out.

    Raises
    ------
    NotFoundError
        If there is no file.
    CorruptFileError
        If a file is no JSON object.
    """
    folder = Path(folder)
    names = sorted(path.stem for path in folder.glob("*.json")) if tags is None else list(tags)
    found = {}
    for tag in names:
        path = folder / f"{tag}.json"
        if not path.is_file():
            continue
        try:
            found[tag] = dict(parse_json(path.read_bytes()))
        except (ValueError, TypeError) as error:
            raise CorruptFileError(f"file of figures {path}", value=str(error)) from None
    if not found:
        raise NotFoundError(
            "no figures of classes",
            value=str(folder),
            allowed="a folder of <class>.json",
            todo="write them with scope assemble-training-stats",
        )
    return found
