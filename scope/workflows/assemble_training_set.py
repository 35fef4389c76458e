"""Light curves, or features, and labels as a training set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from scope.checkout import CHECKOUT
from scope.workflows.generation import GenerationOptions, backend_of, generation_config

if TYPE_CHECKING:
    from scope.config.model import Config
    from scope.surveys.label_map import LabelMap


def assemble_training_set(
    options: GenerationOptions,
    labels: Sequence[str],
    output: str,
    report: Callable[[str], None],
    *,
    light_curves: Sequence[str] = (),
    features: Sequence[str] = (),
    label_map: str | None = None,
    copies: bool = True,
) -> None:
    """Assemble a training set, and say what there is of each label.

    Parameters
    ----------
    options : GenerationOptions
        How features of light curves are made.
    labels : sequence of str
        Files of labels: columns of probabilities, or classes of the label map.
    output : str
        Training set to write, .parquet, .h5 or .csv.
    report : callable
        Gets what is to be said, line by line.
    light_curves, features : sequence of str
        Files of light curves, and of features that are there already.
    label_map : str, optional
        What each class says about labels; by default training.labelled.label_map.
    copies : bool
        Add copies of light curves, as training.twins and training.thinned say.

    Raises
    ------
    ScopeError
        If a file or the configuration cannot be used.
    """
    from scope.surveys.twins import CopyOptions
    from scope.tasks.variables.training_sets.assemble_files import assemble_files
    from scope.tasks.variables.training_sets.read_labels import read_labels

    config = generation_config(options)
    found = assemble_files(
        light_curves,
        features,
        read_labels(labels, _label_map(label_map, config), _names(config)),
        output,
        cleaning=config.cleaning_options(),
        options=config.feature_options(),
        copies=CopyOptions(**config.training.copies()) if copies else None,
        backend=backend_of(options) or config.backend(),
        workers=options.workers or 1,
        facts={"config_hash": config.config_hash},
    )
    report(f"{found.light_curves} light curves: {found.rows} of {found.stars} stars in the set")
    if found.copies:
        report(f"{found.copies} copies of them, without variability or with few epochs")
    for name, count in found.positive.items():
        if count:
            report(f"  {name:<28} {count:>8}")
    report(output)


def _label_map(path: str | None, config: Config) -> LabelMap:
    """Return the label map that was named, or the configured one."""
    from scope.surveys.label_map import LabelMap

    return LabelMap.load(path or CHECKOUT / "config" / config.training.labelled.label_map)


def _names(config: Config) -> tuple[str, ...]:
    """Return the labels of the configured classes."""
    names = [item.label for item in config.training.classes.values()]
    names += [item.negative_label or "" for item in config.training.classes.values()]
    return tuple(dict.fromkeys(name for name in names if name))
