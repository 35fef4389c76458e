"""Model bundles: folders with all that scoring needs, and hashes of it.

bundle.json          what the bundle is, its inputs and outputs, hashes of the other files
<class>.keras|.ubj   one model per class
preprocessing.json   the frozen imputer and scaler
calibration.json     what makes probabilities of the scores; not every bundle has one
metrics.json         how well each class did on train, validation and test stars
card.md              what the models were trained on, and what they are not fit for
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from scope.classifiers.calibration import Calibration
from scope.config.classes import ClassDefinition
from scope.errors import BundleError, ConfigError, ScopeError
from scope.preprocessing.frozen import Preprocessing
from scope.schema import parse_json

MANIFEST = "bundle.json"
PREPROCESSING = "preprocessing.json"
CALIBRATION = "calibration.json"
METRICS = "metrics.json"
CARD = "card.md"
KIND = "scope model bundle"
SCHEMA_VERSION = 1
SUFFIXES = {"dnn": ".keras", "xgb": ".ubj"}
ALGORITHMS: tuple[str, ...] = tuple(SUFFIXES)

Floats = npt.NDArray[np.float32]


class Classifier(Protocol):
    """What scores the rows of one class."""

    def predict(self, features: Floats, dmdt: Floats) -> Floats:
        """Return the score, (n,) float32, of rows of scaled features and histograms."""
        ...


@dataclass(frozen=True)
class ModelBundle:
    """Trained models of one algorithm, checked against their hashes.

    Attributes
    ----------
    folder : Path
        Where it was read from.
    manifest : dict
        Content of ``bundle.json``.
    sha256 : str
        Hash of ``bundle.json``, which holds the hashes of the other files.
    preprocessing : Preprocessing
        The imputer and scaler that the models were trained behind.
    calibration : Calibration or None
        What makes probabilities of the scores; None if the bundle has none.
    """

    folder: Path
    manifest: dict[str, Any]
    sha256: str
    preprocessing: Preprocessing
    calibration: Calibration | None

    @classmethod
    def load(cls, folder: str | Path) -> ModelBundle:
        """Read a bundle and check that it is whole.

        Raises
        ------
        BundleError
            If a file is missing, has changed, does not belong, or feature names do not
            fit together.
        """
        folder = Path(folder)
        content = _manifest_bytes(folder)
        manifest = _parse(content, folder)
        _check_files(folder, manifest)
        preprocessing = Preprocessing.load(folder / PREPROCESSING)
        calibration = None
        if CALIBRATION in manifest["files"]:
            calibration = Calibration.parse((folder / CALIBRATION).read_bytes(), folder)
        sha256 = hashlib.sha256(content).hexdigest()
        bundle = cls(folder, manifest, sha256, preprocessing, calibration)
        bundle._check_features()
        bundle._check_calibration()
        return bundle

    @property
    def algorithm(self) -> str:
        """``dnn`` or ``xgb``."""
        return str(self.manifest["algorithm"])

    @property
    def group(self) -> str:
        """Name of the training that the bundle belongs to."""
        return str(self.manifest["group"])

    @property
    def classes(self) -> tuple[str, ...]:
        """Class tags, in the order of the score columns."""
        return tuple(member["class"] for member in self.manifest["members"])

    @property
    def period_suffix(self) -> str:
        """The period search whose columns the models see."""
        return str(self.manifest["period_suffix"])

    @property
    def identity(self) -> dict[str, str]:
        """What a product says about the models that scored it."""
        return {"algorithm": self.algorithm, "group": self.group, "sha256": self.sha256}

    def select(self, classes: Sequence[str] | None) -> tuple[str, ...]:
        """Return `classes` in the bundle's order; None is all.

        Raises
        ------
        ConfigError
            If the bundle lacks a class, or none is asked for.
        """
        return select_classes(self.manifest, classes)

    def column(self, tag: str) -> str:
        """Return the name of a class's score column."""
        return f"{tag}_{self.algorithm}"

    def definition(self, tag: str) -> ClassDefinition:
        """Return how a class was trained."""
        return ClassDefinition(**self._member(tag)["definition"])

    def features(self, tag: str) -> tuple[str, ...]:
        """Return the columns that a class's model sees, in order."""
        return tuple(self.manifest["features"][self._member(tag)["definition"]["features"]])

    def classifier(self, tag: str, *, device: str = "cpu") -> Classifier:
        """Load the model of a class.

        Raises
        ------
        BundleError
            If its file cannot be used.
        BackendError
            If the device is not there.
        """
        path = self.folder / self._member(tag)["file"]
        return load_classifier(path, self.algorithm, self.features(tag), device=device)

    def _member(self, tag: str) -> dict[str, Any]:
        members = {member["class"]: member for member in self.manifest["members"]}
        if tag not in members:
            self.select([tag])
        return dict(members[tag])

    def _check_features(self) -> None:
        prepared = set(self.preprocessing.features)
        for tag in self.classes:
            unknown = [name for name in self.features(tag) if name not in prepared]
            if unknown:
                raise BundleError(
                    f"bundle {self.folder} whose class {tag!r} needs features that its "
                    "preprocessing does not make",
                    value=", ".join(unknown),
                    allowed=self.preprocessing.features,
                    todo="take all files from one training",
                )
        if self.preprocessing.period_suffix != self.period_suffix:
            raise BundleError(
                f"bundle {self.folder} with two period searches",
                value=f"{self.period_suffix}, {self.preprocessing.period_suffix}",
                allowed="one",
                todo="take all files from one training",
            )

    def _check_calibration(self) -> None:
        if self.calibration is None:
            return
        have = (self.calibration.algorithm, sorted(self.calibration.classes))
        if have != (self.algorithm, sorted(self.classes)):
            raise BundleError(
                f"bundle {self.folder} with the calibration of other models",
                value=f"{have[0]}: {', '.join(have[1])}",
                allowed=f"{self.algorithm}: {', '.join(sorted(self.classes))}",
                todo="take all files from one training",
            )


def load_classifier(
    path: str | Path, algorithm: str, features: Sequence[str], *, device: str = "cpu"
) -> Classifier:
    """Load one model file for scoring; see `ModelBundle.classifier`."""
    if algorithm == "dnn":
        from scope.classifiers.onnx_network import OnnxNetwork

        return OnnxNetwork(path, device=device)
    from scope.classifiers.xgb import TreeEnsemble

    return TreeEnsemble(path, features, device=device)


def bundle_folder(models: str | Path | Sequence[str | Path], algorithm: str, group: str) -> Path:
    """Return where the bundle of a group is.

    That is ``models/<algorithm>/<group>``, or, beside the folder of models, the place that
    SCoPe's documents name, ``models_<algorithm>/<group>``.

    Parameters
    ----------
    models : path or sequence of path
        Folders of models; the first that has the group counts.
    algorithm, group : str

    Raises
    ------
    ConfigError
        If the algorithm is unknown.
    BundleError
        If there is no bundle; it names those that there are.
    """
    if algorithm not in ALGORITHMS:
        raise ConfigError("unknown algorithm", value=algorithm, allowed=ALGORITHMS)
    roots = [Path(models)] if isinstance(models, str | Path) else [Path(root) for root in models]
    folders = [
        place for root in roots for place in (root / algorithm, root.parent / f"models_{algorithm}")
    ]
    for folder in folders:
        if (folder / group / MANIFEST).is_file():
            return folder / group
    for folder in folders:
        if (folder / group).is_dir():
            raise BundleError(
                f"{algorithm} models without {MANIFEST}",
                value=str(folder / group),
                todo="turn them into a bundle with `scope import-models`",
            )
    there = sorted({path.parent.name for f in folders for path in f.glob(f"*/{MANIFEST}")})
    raise BundleError(
        f"no {algorithm} models of group {group!r}",
        value=str(folders[0] / group),
        allowed=there or f"no group has {algorithm} models in {', '.join(map(str, roots))}",
        todo="name a group that is there, or the folder of models with --models-dir",
    )


def read_manifest(folder: str | Path) -> dict[str, Any]:
    """Return the content of ``bundle.json``, without a look at the other files.

    Raises
    ------
    BundleError
        If there is none, or it is of no kind that this version reads.
    """
    return _parse(_manifest_bytes(Path(folder)), Path(folder))


def select_classes(manifest: Mapping[str, Any], classes: Sequence[str] | None) -> tuple[str, ...]:
    """Return those of a bundle's classes that are asked for, in its order; None is all.

    Raises
    ------
    ConfigError
        If the bundle lacks a class, or none is asked for.
    """
    there = tuple(member["class"] for member in manifest["members"])
    if classes is None:
        return there
    unknown = [tag for tag in classes if tag not in there]
    if unknown or not classes:
        raise ConfigError(
            f"class that the {manifest['algorithm']} models of group {manifest['group']!r} "
            "do not have",
            value=", ".join(unknown) or "no class at all",
            allowed=there,
        )
    return tuple(tag for tag in there if tag in classes)


def _manifest_bytes(folder: Path) -> bytes:
    try:
        return (folder / MANIFEST).read_bytes()
    except OSError as error:
        raise BundleError(
            f"model bundle without {MANIFEST}",
            value=str(folder),
            allowed="a folder models/<algorithm>/<group> as written by training",
            todo="name the folder of a bundle, or train one",
        ) from error


def _parse(content: bytes, folder: Path) -> dict[str, Any]:
    try:
        manifest = parse_json(content)
        found = (manifest["kind"], manifest["schema_version"])
        needed = ("algorithm", "group", "members", "features", "period_suffix", "files")
        missing = [name for name in needed if name not in manifest]
        if found != (KIND, SCHEMA_VERSION):
            raise ValueError(f"{found[0]}, version {found[1]}")
        if missing or manifest["algorithm"] not in ALGORITHMS:
            raise ValueError(f"algorithm {manifest.get('algorithm')}, without {missing}")
        if not (isinstance(manifest["files"], dict) and isinstance(manifest["features"], dict)):
            raise ValueError("files or features that are no object")
        for member in manifest["members"]:
            if member["class"] != ClassDefinition(**member["definition"]).tag or not member["file"]:
                raise ValueError(f"class {member['class']}")
    except (ValueError, KeyError, TypeError, AttributeError, ScopeError) as error:
        raise _foreign(folder, str(error)) from error
    return dict(manifest)


def _foreign(folder: Path, found: str) -> BundleError:
    return BundleError(
        f"{folder / MANIFEST} is of no kind that this version reads",
        value=found,
        allowed=f"{KIND}, version {SCHEMA_VERSION}",
        todo="take the bundle again from where it came from, or train it with this version",
    )


def _check_files(folder: Path, manifest: Mapping[str, Any]) -> None:
    listed: Mapping[str, str] = manifest["files"]
    needed = [member["file"] for member in manifest["members"]] + [PREPROCESSING]
    missing = [
        name for name in {**dict.fromkeys(needed), **listed} if not (folder / name).is_file()
    ]
    unlisted = [name for name in needed if name not in listed]
    changed = [
        name
        for name, digest in listed.items()
        if name not in missing and sha256_of((folder / name).read_bytes()) != digest
    ]
    models = (path.name for path in folder.iterdir() if path.suffix in SUFFIXES.values())
    foreign = sorted(set(models) - set(listed))
    for what, names in (
        ("without files that it lists", missing),
        ("that does not list files it needs", unlisted),
        ("whose files have changed since training (another hash)", changed),
        ("with models that do not belong to it", foreign),
    ):
        if names:
            raise BundleError(
                f"bundle {folder} {what}",
                value=", ".join(names),
                allowed="the files and hashes of its bundle.json",
                todo="take the whole folder again from where it came from, or train it again",
            )


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
