"""One probability from networks and trees, class by class.

A weighted sum of the log-odds that both give, with weights learnt from out-of-fold
probabilities (stacking, Wolpert 1992, Neural Netw. 5, 241), calibrated where there are
enough stars for that. A fusion belongs to two bundles and knows their hashes.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.errors import BundleError, InputError
from scope.jsontext import parse_json
from scope.models.calibration.calibrators import apply, fit_logistic, from_log_odds
from scope.models.calibration.class_calibration import Calibration, ClassCalibration, calibrate
from scope.models.training.splits import TRAIN
from scope.tasks.variables.bundles.model_bundle import (
    CALIBRATION,
    CARD,
    MANIFEST,
    METRICS,
    ModelBundle,
    bundle_folder,
    sha256_of,
)
from scope.tasks.variables.bundles.model_bundle_writer import json_bytes, replace_folder
from scope.tasks.variables.bundles.model_card import render_fusion_card
from scope.tasks.variables.training.class_metrics import judge_class
from scope.tasks.variables.training.training_scores import ClassScores, TrainingScores

FUSED = "fused"
"""Folder of fusions among those of the algorithms, and name of what they give."""

KIND = "scope fusion"
SCHEMA_VERSION = 1
PULL = 5.0
"""Rows' worth of belief that both algorithms deserve the same weight."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Stack:
    """Weighted sum of the log-odds of the algorithms.

    Attributes
    ----------
    weights : dict of algorithm to float
        All above 0: more probable to either is never less probable to both.
    intercept : float
    """

    weights: Mapping[str, float]
    intercept: float

    def log_odds(self, values: Mapping[str, Floats]) -> Floats:
        """Return the weighted sum of log-odds, (n,) float64, by algorithm.

        `values`: of each algorithm (n,) float64, log-odds.
        """
        parts = [weight * values[algorithm] for algorithm, weight in self.weights.items()]
        return np.asarray(sum(parts) + self.intercept)


@dataclass(frozen=True)
class Fusion:
    """The fusion of the bundles of a group.

    Attributes
    ----------
    bundles : dict of algorithm to str
        SHA-256 of the manifests of the bundles that it was learnt for.
    stacks : dict of class tag to Stack
        Of the classes with probabilities.
    calibration : Calibration
        Of the fused probabilities, for the same classes.
    sha256 : str
        Hash of the manifest.
    """

    bundles: Mapping[str, str]
    stacks: Mapping[str, Stack]
    calibration: Calibration
    sha256: str

    def log_odds(self, tag: str, values: Mapping[str, Floats]) -> Floats:
        """Return the log-odds of fused probabilities of a class, (n,) float64.

        Parameters
        ----------
        values : mapping of algorithm to (n,) float64
            Log-odds of calibrated probabilities.
        """
        stacked = self.stacks[tag].log_odds(values)
        item = self.calibration.classes[tag]
        if item.method == "identity":
            return stacked
        return apply(item.method, item.parameters, from_log_odds(stacked))

    @classmethod
    def load(cls, folder: str | Path) -> Fusion:
        """Read what `fuse` wrote, and check that it is whole.

        Raises
        ------
        BundleError
            If a file is missing, has changed, or is of no kind that this version reads.
        """
        folder = Path(folder)
        try:
            content = (folder / MANIFEST).read_bytes()
            manifest = parse_json(content)
            if (manifest["kind"], manifest["schema_version"]) != (KIND, SCHEMA_VERSION):
                raise ValueError(f"{manifest['kind']}, version {manifest['schema_version']}")
            bundles = {name: item["sha256"] for name, item in manifest["bundles"].items()}
            stacks = {tag: Stack(**item) for tag, item in manifest["stacks"].items()}
            contents = {name: (folder / name).read_bytes() for name in manifest["files"]}
            changed = [n for n, c in contents.items() if sha256_of(c) != manifest["files"][n]]
            if changed:
                raise ValueError(f"changed: {', '.join(changed)}")
            calibration = Calibration.parse(contents[CALIBRATION], folder)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BundleError(
                f"fusion that cannot be used, {folder}",
                value=str(error),
                allowed=f"{KIND}, version {SCHEMA_VERSION}, with the files that it lists",
                todo="take the folder again from where it came from, or fuse the models again",
            ) from error
        return cls(bundles, stacks, calibration, hashlib.sha256(content).hexdigest())


def models_in_use(
    models: Sequence[str | Path], groups: Mapping[str, str]
) -> tuple[list[Path], Path | None]:
    """Return the bundles of the algorithms, and the fusion that lies beside them.

    Parameters
    ----------
    models : sequence of path
        Folders of models; the first that has a group counts.
    groups : mapping of algorithm to str

    Returns
    -------
    bundles : list of Path
        In the order of `groups`.
    fusion : Path or None
        Of the bundles that lie in one place under one group name; where several places have
        one, that of the most bundles. None for a single bundle, or where there is none, or
        none whose algorithms are all among these.

    Raises
    ------
    BundleError
        If a group is nowhere.
    """
    folders = [bundle_folder(models, algorithm, group) for algorithm, group in groups.items()]
    together = Counter((folder.parents[1], folder.name) for folder in folders)
    for (parent, group), number in together.most_common():
        fusion = parent / FUSED / group
        if number > 1 and _joins_no_others(fusion, groups):
            return folders, fusion
    return folders, None


def _joins_no_others(fusion: Path, groups: Mapping[str, str]) -> bool:
    """Return whether there is a fusion, and it needs no algorithm beside those in use."""
    try:
        needed = parse_json((fusion / MANIFEST).read_bytes())["bundles"]
        return set(needed) <= set(groups)
    except FileNotFoundError:
        return False
    except (OSError, ValueError, KeyError, TypeError):
        # What is wrong with it is said where it is loaded.
        return True


def fuse(
    bundles: Sequence[ModelBundle], scores_paths: Sequence[str | Path], output: str | Path
) -> Fusion:
    """Learn the fusion of bundles that were trained on one training set.

    Parameters
    ----------
    bundles : sequence of ModelBundle
        One per algorithm, with calibration.
    scores_paths : sequence of path
        What training wrote as ``scores_output`` for each of them.
    output : path
        Folder, by custom ``models/fused/<group>``. It gets ``bundle.json`` with the
        weights, ``calibration.json``, ``metrics.json`` and ``card.md``.

    Returns
    -------
    Fusion
        As loaded from `output`.

    Raises
    ------
    InputError
        If scores belong to other bundles, to another training set, or no class has
        probabilities.
    """
    scores = read_scores(bundles, scores_paths)
    stacks: dict[str, Stack] = {}
    fused: dict[str, ClassScores] = {}
    for tag in dict.fromkeys(tag for bundle in bundles for tag in bundle.classes):
        values = _log_odds(tag, bundles, scores)
        if values:
            first = next(part for part in scores if tag in part.classes)
            singles = (class_calibration(bundle, tag) for bundle in bundles)
            observed = any(item is not None and item.observed for item in singles)
            stacks[tag] = learn_stack(first, tag, values, observed=observed)
            fused[tag] = _scored(first.classes[tag], stacks[tag].log_odds(values))
    if not stacks:
        raise InputError(
            "models without probabilities to fuse",
            value=", ".join(str(bundle.folder) for bundle in bundles),
            allowed="bundles with calibrated classes",
            todo="train on more stars, or use scores without probabilities",
        )
    together = TrainingScores(**{**vars(scores[0]), "classes": fused})
    calibration = _calibration(together, bundles)
    metrics = {
        tag: {
            **judge_class(together, tag, calibration.classes[tag]),
            "compared": _compared(tag, bundles),
        }
        for tag in fused
    }
    contents = {
        CALIBRATION: calibration.content,
        METRICS: json_bytes({"classes": metrics}),
        CARD: render_fusion_card(Path(output).name, metrics, stacks).encode(),
    }
    manifest = {
        "kind": KIND,
        "schema_version": SCHEMA_VERSION,
        "group": Path(output).name,
        "bundles": {bundle.algorithm: bundle.identity for bundle in bundles},
        "stacks": {tag: asdict(stack) for tag, stack in stacks.items()},
        "training_set": bundles[0].manifest["training_set"],
        "files": {name: sha256_of(content) for name, content in contents.items()},
    }
    replace_folder(Path(output), {**contents, MANIFEST: json_bytes(manifest)})
    return Fusion.load(output)


def read_scores(
    bundles: Sequence[ModelBundle], paths: Sequence[str | Path]
) -> list[TrainingScores]:
    """Return the scores of each bundle, of the same rows.

    Raises
    ------
    InputError
        If scores belong to other bundles, or to another training set.
    """
    found: list[TrainingScores] = []
    for bundle, path in zip(bundles, paths, strict=True):
        scores, facts = TrainingScores.read(path)
        if facts["bundle"] != bundle.identity:
            raise InputError(
                f"scores of other models than {bundle.folder}",
                value=f"{path}: {facts['bundle']}",
                allowed=str(bundle.identity),
                todo="take the scores that were written when the bundle was trained",
            )
        if found and not _same_rows(found[0], scores):
            raise InputError(
                "models of different training sets cannot be fused",
                value=f"{paths[0]} and {path}",
                todo="train both on one training set with one split",
            )
        found.append(scores)
    return found


def _same_rows(one: TrainingScores, other: TrainingScores) -> bool:
    shared = one.classes.keys() & other.classes.keys()
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("row_numbers", "stars", "sets")
    ) and all(
        np.array_equal(getattr(one.classes[tag], name), getattr(other.classes[tag], name))
        for tag in shared
        for name in ("target", "member")
    )


def _log_odds(
    tag: str, bundles: Sequence[ModelBundle], scores: Sequence[TrainingScores]
) -> dict[str, Floats]:
    """Return the log-odds of a class by each algorithm that has probabilities of it."""
    found = {}
    for bundle, part in zip(bundles, scores, strict=True):
        item = class_calibration(bundle, tag)
        if item is not None and item.has_probability:
            found[bundle.algorithm] = item.log_odds(part.classes[tag].scores)
    return found


def class_calibration(bundle: ModelBundle, tag: str) -> ClassCalibration | None:
    """Return the calibration of a class; None if the bundle has none."""
    return None if bundle.calibration is None else bundle.calibration.classes.get(tag)


def learn_stack(
    scores: TrainingScores, tag: str, values: Mapping[str, Floats], *, observed: bool = False
) -> Stack:
    """Learn the weights of a class from its training rows.

    Parameters
    ----------
    values : mapping of algorithm to (n,) float64
        Log-odds of all rows of `scores`.
    observed : bool
        Leave out simulated rows, as calibration did.
    """
    if len(values) == 1:
        return Stack(dict.fromkeys(values, 1.0), 0.0)
    part = scores.classes[tag]
    columns = np.column_stack(list(values.values()))
    rows = part.member & (scores.sets == TRAIN) & np.isfinite(columns).all(axis=1)
    if observed and scores.observed is not None:
        rows &= scores.observed
    slopes, intercept = fit_logistic(
        columns[rows], part.target[rows], pull=PULL, towards=1 / len(values)
    )
    return Stack(dict(zip(values, slopes, strict=True)), intercept)


def _scored(part: ClassScores, value: Floats) -> ClassScores:
    """Return the rows of a class with fused scores."""
    prevalence = float(part.target[part.member].mean())
    return ClassScores(
        part.target, part.member, from_log_odds(value).astype(np.float32), prevalence
    )


def _calibration(scores: TrainingScores, bundles: Sequence[ModelBundle]) -> Calibration:
    options = next(b.calibration.options for b in bundles if b.calibration is not None)
    classes = {tag: calibrate(scores.out_of_fold(tag), FUSED, options) for tag in scores.classes}
    return Calibration(FUSED, options, classes)


def _compared(tag: str, bundles: Sequence[ModelBundle]) -> dict[str, Any]:
    """Return figures of each algorithm on the same test stars."""
    found = {}
    for bundle in bundles:
        metrics = parse_json((bundle.folder / METRICS).read_text())["classes"]
        if tag in metrics:
            names = ("average_precision", "average_precision_interval", "precision", "recall")
            found[bundle.algorithm] = {name: metrics[tag]["test"][name] for name in names}
    return found
