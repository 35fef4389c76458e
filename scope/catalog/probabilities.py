"""From scores to the probabilities of a catalogue.

Per class: the calibrated probability by each algorithm and by both together, at the
frequencies of the training set; the prediction set that follows from it; the same
probability at the frequencies of the target; and that one once no class is more probable
than the class it is a kind of. All but the frequencies of the target depend on the row alone.

Where the period may stand for a slow change, classes of periodic stars are held down
(`scope.catalog.alias_trend`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scope.catalog.catalog_columns import CatalogColumns
from scope.catalog.prevalence_options import PrevalenceOptions, prevalence_options
from scope.errors import BundleError
from scope.models.calibration.class_calibration import ClassCalibration
from scope.models.calibration.class_frequencies import check_stated
from scope.models.calibration.class_tree import ClassTree
from scope.tasks.variables.bundles.model_bundle import ModelBundle
from scope.tasks.variables.training.fuse import Fusion

if TYPE_CHECKING:
    from scope.config.model import Config


class Probabilities:
    """Makes the probability columns of a catalogue.

    Rows are shown to `count` first, all of them; then `columns_of` gives their columns.

    Parameters
    ----------
    bundles : sequence of ModelBundle
        One per algorithm that scored.
    fusion : Fusion or None
        Of these bundles, or of some of them: the others then have probabilities of their own
        and no part in the one of all.
    tree : ClassTree
    options : PrevalenceOptions, optional

    Raises
    ------
    BundleError
        If the fusion is of other bundles.
    """

    def __init__(
        self,
        bundles: Sequence[ModelBundle],
        fusion: Fusion | None,
        tree: ClassTree,
        options: PrevalenceOptions | None = None,
    ) -> None:
        self.bundles = {bundle.algorithm: bundle for bundle in bundles}
        self.fusion, self.tree = fusion, tree
        self.options = options or PrevalenceOptions()
        if fusion is not None:
            _check_fusion(fusion, self.bundles)

    def check_models(self, records: Mapping[str, Mapping[str, Any]]) -> None:
        """Raise BundleError unless these bundles made the scores.

        Parameters
        ----------
        records : mapping of algorithm to record of its predictions
        """
        for algorithm, record in records.items():
            bundle = self.bundles.get(algorithm)
            expected = None if bundle is None else bundle.identity
            if record.get("bundle") != expected:
                raise BundleError(
                    f"scores of {algorithm} that were made by other models",
                    value=str(record.get("bundle")),
                    allowed=str(expected),
                    todo="score the target again with the models in use",
                )

    def for_scores(self, names: Iterable[str]) -> CatalogColumns:
        """Return what makes the columns of a catalogue with some score columns."""
        there = set(names)
        single: dict[str, dict[str, ClassCalibration]] = {}
        for algorithm, bundle in self.bundles.items():
            calibrations = {} if bundle.calibration is None else bundle.calibration.classes
            for tag in bundle.classes:
                if f"{tag}_{algorithm}" not in there:
                    continue
                item = calibrations.get(tag)
                if item is not None and item.has_probability:
                    single.setdefault(tag, {})[algorithm] = item
        final = self._final(single)
        return CatalogColumns(single, final, self.fusion, self.tree, self.options)

    def _final(
        self, single: Mapping[str, Mapping[str, ClassCalibration]]
    ) -> dict[str, ClassCalibration]:
        """Return the calibration of the one probability of each class that has one."""
        if self.fusion is not None:
            stacks, classes = self.fusion.stacks, self.fusion.calibration.classes
            joined = {
                tag: classes[tag]
                for tag, parts in single.items()
                if tag in stacks and set(stacks[tag].weights) <= set(parts)
            }
            # A class of one model that the fusion does not know has that model's word.
            alone = {
                tag: next(iter(parts.values()))
                for tag, parts in single.items()
                if len(parts) == 1
                and tag not in stacks
                and not set(parts) & set(self.fusion.bundles)
            }
            return {tag: {**joined, **alone}[tag] for tag in single if tag in joined | alone}
        if len(self.bundles) > 1:
            return {}
        return {tag: next(iter(parts.values())) for tag, parts in single.items()}


def load_probabilities(
    bundles: Iterable[str | Path | ModelBundle],
    fusion_folder: str | Path | None,
    parents: Mapping[str, str | None],
    options: Mapping[str, Any],
    *,
    exclusive: Iterable[str] = (),
    periodic: Iterable[str] = (),
    listed: bool = False,
) -> Probabilities:
    """Return what makes probabilities of the scores of some models.

    Parameters
    ----------
    bundles : iterable of path or ModelBundle
        Folders, or what was read from them.
    fusion_folder : path or None
    parents : mapping of class tag to class tag or None
        See `ClassTree`.
    options : mapping
        Keys of the section ``probabilities`` of the configuration.
    exclusive, periodic : iterable of class tag
        See `ClassTree`.
    listed : bool
        The target is a list that somebody chose, and no fair sample of the sky.

    Raises
    ------
    BundleError, ConfigError
        If a folder or the tree cannot be used.
    """
    return Probabilities(
        [one if isinstance(one, ModelBundle) else ModelBundle.load(one) for one in bundles],
        None if fusion_folder is None else Fusion.load(fusion_folder),
        ClassTree(parents, frozenset(exclusive), frozenset(periodic)),
        prevalence_options(options, listed),
    )


def check_frequencies(config: Config) -> None:
    """Raise ConfigError if stated frequencies contradict the class tree."""
    tree = ClassTree(config.class_parents(), frozenset(config.exclusive_classes()))
    check_stated(config.probabilities.stated, tree)


def _check_fusion(fusion: Fusion, bundles: Mapping[str, ModelBundle]) -> None:
    # Further models may be in use, which were not trained with these: they keep their own.
    found = {name: bundle.sha256 for name, bundle in bundles.items() if name in fusion.bundles}
    if found != dict(fusion.bundles):
        raise BundleError(
            "fusion of other models than those in use",
            value=", ".join(f"{name} {sha[:12]}" for name, sha in fusion.bundles.items()),
            allowed=", ".join(f"{name} {sha[:12]}" for name, sha in found.items()),
            todo="fuse the models in use, or remove models/fused/<group>",
        )
