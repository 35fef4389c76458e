"""What models there are in a folder of models, and whether they are whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scope.classifiers.bundle import ALGORITHMS, CARD, MANIFEST, ModelBundle
from scope.classifiers.fusion import FUSED, Fusion
from scope.errors import BundleError
from scope.schema import parse_json

KINDS: tuple[str, ...] = (*ALGORITHMS, FUSED)


@dataclass(frozen=True)
class Entry:
    """A bundle, or a fusion of bundles, as its manifest describes it.

    Attributes
    ----------
    kind : {"dnn", "xgb", "fused"}
    group : str
        Name of its folder.
    folder : Path
    manifest : dict
        Content of ``bundle.json``; empty if it cannot be read.
    size : int
        Bytes of all its files.
    """

    kind: str
    group: str
    folder: Path
    manifest: Mapping[str, Any]
    size: int

    @property
    def name(self) -> str:
        """``<kind>/<group>``, by which commands know it."""
        return f"{self.kind}/{self.group}"

    @property
    def classes(self) -> tuple[str, ...]:
        """Class tags that it has scores or probabilities of."""
        if self.kind == FUSED:
            return tuple(self.manifest.get("stacks", ()))
        return tuple(member["class"] for member in self.manifest.get("members", ()))

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
        bundle = ModelBundle.load(self.folder)
        if (bundle.algorithm, bundle.group) != (self.kind, self.group):
            raise BundleError(
                f"bundle {self.folder} that belongs elsewhere",
                value=f"{bundle.algorithm}/{bundle.group}",
                allowed=self.name,
                todo="move it to the folder of its algorithm and group",
            )
        for tag in bundle.classes:
            bundle.classifier(tag)

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
    """Return all bundles and fusions of a folder, by kind and group."""
    return [entry for kind in KINDS for entry in _of_kind(Path(models), kind)]


def _of_kind(models: Path, kind: str) -> Iterator[Entry]:
    for path in sorted((models / kind).glob(f"[!.]*/{MANIFEST}")):
        folder = path.parent
        size = sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
        yield Entry(kind, folder.name, folder, _manifest(path), size)


def _manifest(path: Path) -> dict[str, Any]:
    """Return what a manifest says, if it says anything: a list has a line for broken ones too."""
    try:
        content = parse_json(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def named_models(models: str | Path, names: list[str]) -> list[Entry]:
    """Return the entries of some names, ``<kind>/<group>`` or a group; all for no names.

    Raises
    ------
    BundleError
        If there is nothing of a name, or nothing at all.
    """
    there = find_models(models)
    if not there:
        raise BundleError(
            "folder without models",
            value=str(models),
            allowed=f"folders <kind>/<group> with a {MANIFEST}; kinds: {', '.join(KINDS)}",
            todo="name the folder with --models-dir, or train or fetch some",
        )
    if not names:
        return there
    found: list[Entry] = []
    for name in (name.strip("/") for name in names):
        entries = [item for item in there if name in (item.name, item.group, str(item.folder))]
        if not entries:
            raise BundleError(
                f"no models of that name in {models}",
                value=name,
                allowed=[item.name for item in there],
            )
        found += [item for item in entries if item not in found]
    return found
