"""List of the models in a folder, and whether they are whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scope.errors import BundleError
from scope.jsontext import parse_json
from scope.models.places import Roots, load_bundle, model_roots
from scope.models.task import Task, find_task
from scope.plugins import ALGORITHMS, TASKS
from scope.tasks.variables.bundles.model_bundle import CARD, MANIFEST, VARIABLES, ModelBundle
from scope.tasks.variables.training.fuse import FUSED, Fusion


@dataclass(frozen=True)
class Entry:
    """A bundle, or a fusion of bundles, as its manifest describes it.

    Attributes
    ----------
    kind : str
        Name of an algorithm, or ``fused``.
    group : str
        Name of its folder.
    folder : Path
    manifest : dict
        Content of ``bundle.json``; empty if it cannot be read.
    size : int
        Bytes of all its files.
    task : str
        Whose models they are.
    """

    kind: str
    group: str
    folder: Path
    manifest: Mapping[str, Any]
    size: int
    task: str = VARIABLES.name

    @property
    def name(self) -> str:
        """``<kind>/<group>``, by which commands know it; the task first, of other tasks."""
        own = f"{self.kind}/{self.group}"
        return own if self.task == VARIABLES.name else f"{self.task}/{own}"

    @property
    def classes(self) -> tuple[str, ...]:
        """Class tags that it has scores or probabilities of."""
        if self.kind == FUSED:
            return tuple(self.manifest.get("stacks", ()))
        members = self.manifest.get("members", ())
        return tuple(item["class"] if "class" in item else item["name"] for item in members)

    @property
    def is_calibrated(self) -> bool:
        """Whether it gives probabilities."""
        return "calibration.json" in self.manifest.get("files", {})

    def check(self) -> None:
        """Compare all files with their hashes, and load every model.

        Raises
        ------
        BundleError
            If anything is missing, has changed or cannot be used.
        """
        if self.kind == FUSED:
            Fusion.load(self.folder)
            return
        own = self.task == VARIABLES.name
        task = find_task(self.task)
        bundle = ModelBundle.load(self.folder) if own else load_bundle(self.folder, task)
        if (bundle.algorithm, bundle.group) != (self.kind, self.group):
            raise BundleError(
                f"bundle {self.folder} that belongs elsewhere",
                value=f"{bundle.algorithm}/{bundle.group}",
                allowed=f"{self.kind}/{self.group}",
                todo="move it to the folder of its algorithm and group",
            )
        for name in bundle.members:
            bundle.scorer(name)

    def card(self) -> str:
        """Return the card, what the models are for people.

        Raises
        ------
        BundleError
            If there is none.
        """
        try:
            return (self.folder / CARD).read_text(encoding="utf-8")
        except OSError as error:
            raise BundleError(
                f"models without a {CARD}", value=str(self.folder), todo="take the whole folder"
            ) from error


def find_models(models: str | Path) -> list[Entry]:
    """Return all bundles and fusions of a folder, by task, kind and group."""
    others = [name for name in TASKS if name != VARIABLES.name and (Path(models) / name).is_dir()]
    tasks = [VARIABLES, *map(find_task, others)]
    return [
        entry
        for task in tasks
        for kind in (*ALGORITHMS, FUSED)
        for entry in _of_kind(Path(models), task, kind)
    ]


def _of_kind(models: Path, task: Task, kind: str) -> Iterator[Entry]:
    places = [models / task.name / kind]
    if task is VARIABLES:
        # Where they lay before there were tasks.
        places.append(models / kind)
    for path in sorted(path for place in places for path in place.glob(f"[!.]*/{MANIFEST}")):
        folder = path.parent
        size = sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
        yield Entry(kind, folder.name, folder, _manifest(path), size, task.name)


def _manifest(path: Path) -> dict[str, Any]:
    """Return what a manifest says, if it says anything: a list has a line for broken ones too."""
    try:
        content = parse_json(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def named_models(models: Roots, names: list[str]) -> list[Entry]:
    """Return the entries of some names, ``<kind>/<group>`` or a group; all for no names.

    Parameters
    ----------
    models : path or sequence of path
        Folders of models; the first that has a name counts, as in scoring.
    names : list of str

    Raises
    ------
    BundleError
        If there is nothing of a name, or nothing at all.
    """
    roots = model_roots(models)
    by_name: dict[str, Entry] = {}
    for root in roots:
        for entry in find_models(root):
            by_name.setdefault(entry.name, entry)
    there, places = list(by_name.values()), " or ".join(map(str, roots))
    if not there:
        raise BundleError(
            "folder without models",
            value=places,
            allowed=f"folders <kind>/<group> with a {MANIFEST}; kinds: "
            f"{', '.join((*ALGORITHMS, FUSED))}",
            todo="name the folder with --models-dir, or train or fetch some",
        )
    if not names:
        return there
    found: list[Entry] = []
    for name in (name.strip("/") for name in names):
        entries = [item for item in there if name in (item.name, item.group, str(item.folder))]
        if not entries:
            raise BundleError(
                f"no models of that name in {places}",
                value=name,
                allowed=[item.name for item in there],
            )
        found += [item for item in entries if item not in found]
    return found
