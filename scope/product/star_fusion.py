"""One probability per class of a star from all its light curves.

A weighted sum of what its light curves say together, class by class, with weights learnt
from out-of-fold probabilities of training stars (stacking, Wolpert 1992, Neural Netw. 5,
241) and calibrated on whole stars. What is summed up does not depend on how many light
curves there are nor on their filters, so that a missing band is no special case: mean,
mean weighted by epochs, highest and lowest of the log-odds, how the evidence grows with the
number of light curves, and whether their periods agree.

A star with one light curve has what that light curve says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scope.errors import BundleError
from scope.jsontext import parse_json
from scope.models.calibration.calibrators import apply, from_log_odds, log_odds
from scope.models.calibration.class_calibration import Calibration, shift_prevalence
from scope.tasks.variables.bundles.model_bundle import CALIBRATION, MANIFEST, sha256_of
from scope.tasks.variables.training.fuse import models_in_use

STARS = "stars"
"""Folder of the fusions over light curves, among those of the algorithms."""

KIND = "scope star fusion"
SCHEMA_VERSION = 1

TERMS = ("mean", "weighted", "highest", "lowest", "growth", "same_period", "double_period")
"""What is weighed, in order; the first four are evidence, and so is the fifth."""

N_EVIDENCE = 5
"""More evidence for a class from any light curve never makes a star less probable."""

SAME_PERIOD = 0.01
"""Relative difference up to which two periods are the same."""

LARGEST = 16.0
"""Log-odds are cut here on either side: float32 probabilities tell no more."""

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class StarRows:
    """Light curves of stars.

    Attributes
    ----------
    star : (n,) int64
        Number of the star of each, from 0 without a gap.
    epochs : (n,) float64
        Good epochs; NaN, where unknown, counts as 1.
    period : (n,) float64
        Own period [d]; NaN where there is none.
    """

    star: Integers
    epochs: Floats
    period: Floats

    @property
    def n_stars(self) -> int:
        """Number of stars."""
        return int(self.star.max()) + 1 if len(self.star) else 0

    @property
    def counts(self) -> Integers:
        """Number of light curves of each star, (m,) int64."""
        return np.bincount(self.star, minlength=self.n_stars)

    @property
    def first(self) -> Integers:
        """The light curve of each star with most epochs, (m,) int64; of equal ones the first."""
        epochs = np.nan_to_num(self.epochs, nan=-1.0)
        order = np.lexsort((np.arange(len(epochs)), -epochs, self.star))
        return order[np.unique(self.star[order], return_index=True)[1]]

    def count(self, which: npt.NDArray[np.bool_]) -> Integers:
        """Return how many light curves of each star are of some kind, (m,) int64.

        `which`: (n,) bool, one per light curve.
        """
        return np.bincount(self.star, which, minlength=self.n_stars).astype(np.int64)

    def take(self, rows: npt.NDArray[np.generic]) -> tuple[StarRows, Integers]:
        """Return some light curves, and the numbers that their stars had.

        `rows`: (n,) bool, or (k,) int; the numbers: (m,) int64, one per star.
        """
        numbers, star = np.unique(self.star[rows], return_inverse=True)
        return StarRows(star, self.epochs[rows], self.period[rows]), numbers

    def agreement(self) -> tuple[Floats, Floats]:
        """Return what part of a star's other light curves has the period of the first.

        Returns
        -------
        same, double : (m,) float64
            Within `SAME_PERIOD`, and twice or half as long; 0 for a star with one.
        """
        ratio = self.period / self.period[self.first][self.star]
        others = np.maximum(self.counts - 1, 1)
        same = np.abs(ratio - 1) < SAME_PERIOD
        same[self.first] = False
        double = (np.abs(ratio / 2 - 1) < SAME_PERIOD) | (np.abs(ratio * 2 - 1) < SAME_PERIOD)
        return tuple(  # type: ignore[return-value]
            np.bincount(self.star, part, minlength=self.n_stars) / others for part in (same, double)
        )


def star_terms(rows: StarRows, value: Floats, before: float) -> Floats:
    """Return what a fusion weighs, (m, 7) float64, columns as `TERMS`.

    Parameters
    ----------
    value : (n,) float64
        Log-odds of a class by light curve.
    before : float
        Prevalence that they refer to: what they say beyond it is evidence.
    """
    evidence = np.clip(value, -LARGEST, LARGEST) - log_odds(np.array(before))
    n = rows.counts
    weight = np.sqrt(np.maximum(np.nan_to_num(rows.epochs, nan=1.0), 1.0))
    mean = np.bincount(rows.star, evidence) / n
    weighted = np.bincount(rows.star, weight * evidence) / np.bincount(rows.star, weight)
    highest, lowest = np.full(len(n), -np.inf), np.full(len(n), np.inf)
    np.maximum.at(highest, rows.star, evidence)
    np.minimum.at(lowest, rows.star, evidence)
    growth = np.log2(n) * weighted
    return np.stack([mean, weighted, highest, lowest, growth, *rows.agreement()], axis=1)


@dataclass(frozen=True)
class StarStack:
    """Model that makes one probability of what the light curves of a star say.

    Attributes
    ----------
    weights : dict of term to float
        Those of evidence are 0 or more.
    intercept : float
    before : float
        Prevalence among light curves in training, which their log-odds refer to.
    """

    weights: Mapping[str, float]
    intercept: float
    before: float

    def log_odds(self, rows: StarRows, value: Floats) -> Floats:
        """Return the log-odds of stars with several light curves, (m,) float64.

        `value`: (n,) float64, log-odds of each light curve.
        """
        weights = np.array([self.weights[term] for term in TERMS])
        return np.asarray(star_terms(rows, value, self.before) @ weights + self.intercept)


@dataclass(frozen=True)
class StarFusion:
    """The fusion over the light curves of a star, for a group of models.

    Attributes
    ----------
    fusion : str
        SHA-256 of the manifest of the fusion that gives the probabilities of light curves.
    stacks : dict of class tag to StarStack
    calibration : Calibration
        Of stars, for the same classes.
    left_out : dict of class tag to str
        Classes without a probability of stars, and why.
    sha256 : str
        Hash of the manifest.
    """

    fusion: str
    stacks: Mapping[str, StarStack]
    calibration: Calibration
    left_out: Mapping[str, str]
    sha256: str

    def log_odds(self, tag: str, rows: StarRows, value: Floats) -> Floats:
        """Return the log-odds of a class for stars, (m,) float64, at training frequencies.

        Parameters
        ----------
        value : (n,) float64
            Log-odds of the probabilities of light curves, at training frequencies.
        """
        stack, item = self.stacks[tag], self.calibration.classes[tag]
        result = shift_prevalence(
            np.clip(value, -LARGEST, LARGEST)[rows.first], stack.before, item.prevalence
        )
        several = rows.counts > 1
        if several.any():
            here = several[rows.star]
            part, numbers = rows.take(here)
            stacked = stack.log_odds(part, value[here])
            if item.method != "identity":
                stacked = apply(item.method, item.parameters, from_log_odds(stacked))
            result[numbers] = stacked
        return result

    @classmethod
    def load(cls, folder: str | Path) -> StarFusion:
        """Read what `fuse_stars` wrote, and check that it is whole.

        Raises
        ------
        BundleError
            If a file is missing, has changed, or is of no kind that this version reads.
        """
        folder = Path(folder)
        try:
            content = (folder / MANIFEST).read_bytes()
            manifest = parse_json(content)
            found = manifest["kind"], manifest["schema_version"], tuple(manifest["terms"])
            if found != (KIND, SCHEMA_VERSION, TERMS):
                raise ValueError(f"{found[0]}, version {found[1]}, of {', '.join(found[2])}")
            contents = {name: (folder / name).read_bytes() for name in manifest["files"]}
            changed = [n for n, c in contents.items() if sha256_of(c) != manifest["files"][n]]
            if changed:
                raise ValueError(f"changed: {', '.join(changed)}")
            stacks = {tag: StarStack(**item) for tag, item in manifest["stacks"].items()}
            calibration = Calibration.parse(contents[CALIBRATION], folder)
            fusion, left_out = str(manifest["fusion"]), dict(manifest["left_out"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BundleError(
                f"fusion of light curves that cannot be used, {folder}",
                value=str(error),
                allowed=f"{KIND}, version {SCHEMA_VERSION}, with the files that it lists",
                todo="take the folder again from where it came from, or train again",
            ) from error
        sha256 = hashlib.sha256(content).hexdigest()
        return cls(fusion, stacks, calibration, left_out, sha256)


def star_fusion_in_use(
    models: Sequence[str | Path], groups: Mapping[str, str]
) -> StarFusion | None:
    """Return the fusion over light curves that lies beside that of the models in use.

    Parameters
    ----------
    models, groups
        See `scope.tasks.variables.training.fuse.models_in_use`.

    Raises
    ------
    BundleError
        If a group is nowhere, or the fusion cannot be used.
    """
    _, beside = models_in_use(models, groups)
    folder = None if beside is None else beside.parents[1] / STARS / beside.name
    there = folder is not None and (folder / MANIFEST).is_file()
    return StarFusion.load(folder) if there and folder is not None else None
