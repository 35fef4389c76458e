"""Folders of the bundles of a task: ``models/<task>/<algorithm>/<group>/``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scope.errors import BundleError, ConfigError
from scope.models.bundle import MANIFEST, Bundle
from scope.models.task import Task

Roots = str | Path | Sequence[str | Path]


def model_roots(models: Roots) -> list[Path]:
    """Return folders of models as paths."""
    return [Path(models)] if isinstance(models, str | Path) else [Path(root) for root in models]


def bundle_places(models: Roots, task: Task, algorithm: str, group: str) -> list[Path]:
    """Return where a bundle may be, in the order in which it is looked for.

    In every folder of models first ``<task>/<algorithm>/<group>``, then the places of before
    there were tasks.
    """
    patterns = (f"{task.name}/{{algorithm}}/{{group}}", *task.old_places)
    return [
        _place(root, pattern.format(algorithm=algorithm, group=group))
        for root in model_roots(models)
        for pattern in patterns
    ]


def _place(root: Path, name: str) -> Path:
    """Return a place of a folder of models that need not be there itself, as ``..`` would."""
    while name.startswith("../"):
        root, name = root.parent, name.removeprefix("../")
    return root / name


def bundle_folder(models: Roots, task: Task, algorithm: str, group: str) -> Path:
    """Return where the bundle of a group is.

    Parameters
    ----------
    models : path or sequence of path
        Folders of models; the first that has the group counts.

    Raises
    ------
    ConfigError
        If the algorithm does not serve the task.
    BundleError
        If there is no bundle; it names those that there are.
    """
    if algorithm not in task.algorithms:
        raise ConfigError("unknown algorithm", value=algorithm, allowed=task.algorithms)
    places = bundle_places(models, task, algorithm, group)
    for folder in places:
        if (folder / MANIFEST).is_file():
            return folder
    for folder in places:
        if folder.is_dir():
            raise BundleError(
                f"{algorithm} models without {MANIFEST}",
                value=str(folder),
                todo="turn them into a bundle with `scope import-models`",
            )
    parents = list(dict.fromkeys(folder.parent for folder in places))
    there = sorted({path.parent.name for at in parents for path in at.glob(f"[!.]*/{MANIFEST}")})
    roots = ", ".join(map(str, model_roots(models)))
    raise BundleError(
        f"no {algorithm} models of group {group!r}",
        value=str(places[0]),
        allowed=there or f"no group has {algorithm} models in {roots}",
        todo="name a group that is there, or the folder of models with --models-dir",
    )


def writing_folder(models: str | Path, task: Task, algorithm: str, group: str) -> Path:
    """Return where a bundle of a group is to be written.

    Over the one that is found, which would hide a new one in another place; where there is
    none, ``<algorithm>/<group>`` of a task whose bundles lie there, else
    ``<task>/<algorithm>/<group>``.

    Raises
    ------
    ConfigError
        If the group is no name of a folder.
    """
    if Path(group).name != group or group.startswith("."):
        raise ConfigError(
            "name of a group of models",
            value=group,
            allowed="one that a folder can have, without / and without a dot in front",
        )
    places = bundle_places(models, task, algorithm, group)
    there = (folder for folder in places if (folder / MANIFEST).is_file())
    plain = Path(models) / algorithm / group
    return next(there, plain if plain in places else places[0])


def load_bundle(folder: str | Path, task: Task) -> Bundle:
    """Read a bundle, check that it is whole, and that it is one of a task.

    Raises
    ------
    BundleError
        If a file is missing or has changed, the bundle is of another task, or its rows were
        prepared otherwise than the task prepares them.
    """
    bundle = Bundle.load(folder)
    check_task(bundle, task)
    return bundle


def check_task(bundle: Bundle, task: Task) -> None:
    """Raise BundleError unless a bundle belongs to a task and can score its rows."""
    if bundle.task not in (None, task.name) or bundle.algorithm not in task.algorithms:
        raise BundleError(
            f"bundle {bundle.folder} of another task",
            value=f"{bundle.task or 'no task'}, algorithm {bundle.algorithm}",
            allowed=f"{task.name}, by one of {', '.join(task.algorithms)}",
            todo="name a bundle of this task",
        )
    task.check_bundle(bundle)
