"""Bundles of light-curve classifiers: one model per class behind one frozen preprocessing.

Beside what every bundle has (`scope.models.bundle`): ``preprocessing.json``, the frozen imputer
and scaler, and in ``bundle.json`` the lists of features and how each class was trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from scope.config.classes import ClassDefinition
from scope.errors import BundleError, ScopeError
from scope.models import bundle as general
from scope.models.algorithm import InputSpec, Scorer, find_algorithm
from scope.models.bundle import (
    CALIBRATION,
    CARD,
    KIND,
    MANIFEST,
    METRICS,
    SCHEMA_VERSION,
    Bundle,
    foreign_bundle,
    select_members,
    sha256_of,
)
from scope.models.calibration.class_calibration import Calibration
from scope.models.places import Roots, check_task
from scope.models.places import bundle_folder as folder_of
from scope.models.task import Task
from scope.preprocessing.frozen import Preprocessing

__all__ = [
    "CALIBRATION",
    "CARD",
    "KIND",
    "MANIFEST",
    "METRICS",
    "PREPROCESSING",
    "SCHEMA_VERSION",
    "VARIABLES",
    "Classifier",
    "ModelBundle",
    "bundle_folder",
    "load_classifier",
    "read_manifest",
    "select_classes",
    "sha256_of",
]

PREPROCESSING = "preprocessing.json"
FEATURES = "features"
"""What algorithms call the scaled features of a light curve."""
HISTOGRAM = InputSpec("dmdt", (None, 26, 26))

Floats = npt.NDArray[np.float32]

select_classes = select_members


class VariableStars(Task):
    """The task of variable stars: which classes a light curve belongs to."""

    name, title = "variables", "variable stars"
    inputs = (InputSpec(FEATURES, (None, None)), HISTOGRAM)
    old_places = ("{algorithm}/{group}", "../models_{algorithm}/{group}")

    def check_bundle(self, bundle: Bundle) -> None:
        """Raise BundleError unless features, preprocessing and calibration fit together."""
        if not isinstance(bundle, ModelBundle):
            bundle = ModelBundle.load(bundle.folder)
        bundle.check_parts()


VARIABLES = VariableStars()


class Classifier(Protocol):
    """Scorer of the rows of one class."""

    def predict(self, features: Floats, dmdt: Floats) -> Floats:
        """Return the score, (n,) float32, of rows of scaled features and histograms.

        `features`: (n, k) float32; `dmdt`: (n, 26, 26, 1) float32.
        """
        ...


@dataclass(frozen=True)
class _Rows:
    """A scorer that takes features and histograms as they come."""

    scorer: Scorer

    def predict(self, features: Floats, dmdt: Floats) -> Floats:
        if not len(features):
            # Not every library takes none.
            return np.empty(0, np.float32)
        scores = self.scorer.score({FEATURES: features, HISTOGRAM.name: dmdt})
        return np.asarray(scores, dtype=np.float32)


@dataclass(frozen=True)
class ModelBundle(Bundle):
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

    preprocessing: Preprocessing = field(kw_only=True)
    calibration: Calibration | None = field(kw_only=True)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a bundle and check that it is whole.

        Raises
        ------
        BundleError
            If a file is missing, has changed, does not belong, or feature names do not
            fit together.
        """
        folder = Path(folder)
        content = general.manifest_bytes(folder)
        manifest = _parse(content, folder)
        general.check_files(folder, manifest, [PREPROCESSING])
        preprocessing = Preprocessing.load(folder / PREPROCESSING)
        calibration = None
        if CALIBRATION in manifest["files"]:
            calibration = Calibration.parse((folder / CALIBRATION).read_bytes(), folder)
        bundle = cls(
            folder,
            manifest,
            sha256_of(content),
            preprocessing=preprocessing,
            calibration=calibration,
        )
        check_task(bundle, VARIABLES)
        return bundle

    @property
    def classes(self) -> tuple[str, ...]:
        """Class tags, in the order of the score columns."""
        return tuple(self.members)

    @property
    def period_suffix(self) -> str:
        """The period search whose columns the models see."""
        return str(self.manifest["period_suffix"])

    @property
    def looks_at_histograms(self) -> bool:
        """Whether scores depend on the magnitude-time histogram, half of the bytes of a row."""
        return HISTOGRAM.name in self.learner.inputs

    def column(self, tag: str) -> str:
        """Return the name of a class's score column."""
        return f"{tag}_{self.algorithm}"

    def definition(self, tag: str) -> ClassDefinition:
        """Return how a class was trained."""
        self.select([tag])
        return ClassDefinition(**self.members[tag].facts["definition"])

    def features(self, tag: str) -> tuple[str, ...]:
        """Return the columns that a class's model sees, in order."""
        self.select([tag])
        return tuple(self.manifest["features"][self.members[tag].facts["definition"]["features"]])

    def member_inputs(self, name: str) -> tuple[InputSpec, ...]:
        """Return what the model of a class looks at, in the order of the algorithm's inputs."""
        return model_inputs(self.algorithm, self.features(name))

    def classifier(self, tag: str, *, device: str = "cpu") -> Classifier:
        """Load the model of a class.

        Raises
        ------
        BundleError
            If its file cannot be used.
        BackendError
            If the device is not there.
        """
        return _Rows(self.scorer(tag, device=device))

    def check_parts(self) -> None:
        """Raise BundleError unless all files are of one training."""
        self._check_features()
        self._check_calibration()

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


def model_inputs(algorithm: str, features: Sequence[str]) -> tuple[InputSpec, ...]:
    """Return what a model of some features looks at, in the order of the algorithm's inputs."""
    own = {
        FEATURES: InputSpec(FEATURES, (None, len(features)), "float32", tuple(features)),
        HISTOGRAM.name: HISTOGRAM,
    }
    return tuple(own[name] for name in find_algorithm(algorithm).inputs)


def load_classifier(
    path: str | Path, algorithm: str, features: Sequence[str], *, device: str = "cpu"
) -> Classifier:
    """Load one model file for scoring; see `ModelBundle.classifier`."""
    inputs = model_inputs(algorithm, features)
    return _Rows(find_algorithm(algorithm).load(path, inputs, device=device))


def bundle_folder(models: Roots, algorithm: str, group: str) -> Path:
    """Return where the bundle of a group of light-curve classifiers is.

    That is ``models/variables/<algorithm>/<group>``, ``models/<algorithm>/<group>``, or, beside
    the folder of models, the place that SCoPe's documents name, ``models_<algorithm>/<group>``.

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
    return folder_of(models, VARIABLES, algorithm, group)


def read_manifest(folder: str | Path) -> dict[str, Any]:
    """Return the content of ``bundle.json``, without a look at the other files.

    Raises
    ------
    BundleError
        If there is none, or it is of no kind that this version reads.
    """
    return _parse(general.manifest_bytes(Path(folder)), Path(folder))


def _parse(content: bytes, folder: Path) -> dict[str, Any]:
    manifest = general.parse_manifest(content, folder)
    try:
        missing = [name for name in ("features", "period_suffix") if name not in manifest]
        if missing or not isinstance(manifest["features"], dict):
            raise ValueError(f"without {missing}, or features that are no object")
        for member in manifest["members"]:
            if member["class"] != ClassDefinition(**member["definition"]).tag or not member["file"]:
                raise ValueError(f"class {member['class']}")
    except (ValueError, KeyError, TypeError, AttributeError, ScopeError) as error:
        raise foreign_bundle(folder, str(error)) from error
    return manifest
