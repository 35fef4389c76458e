"""From files of features to a catalogue with probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from scope.checkout import SHIPPED_MODELS
from scope.workflows.scoring import report_predictions


def classify(
    features: Sequence[str],
    output: str,
    report: Callable[[str], None],
    *,
    group_name: str | None = None,
    models_dir: str | None = None,
    frequencies: str | None = None,
    config_path: str | None = None,
    workers: int = 1,
    write_csv: bool = False,
) -> None:
    """Write the catalogue of light curves whose features are there, and say what was found.

    Parameters
    ----------
    features : sequence of str
        Files of features.
    output : str
        Catalogue to write.
    report : callable
        Gets what is to be said, line by line.
    group_name : str, optional
        Group of models, of all algorithms; by default those of the configuration.
    models_dir : str, optional
        Folder of the models; by default ./models, then those of the checkout.
    frequencies : str, optional
        How frequent classes are taken to be: as in ``training``, or ``estimated``.
    config_path : str, optional
        Configuration file to use.
    workers : int
        Classes that are scored at a time; no number depends on it.
    write_csv : bool
        Write the catalogue as .csv too.

    Raises
    ------
    ScopeError
        If features, models or the configuration cannot be used.
    """
    from scope.catalog.classify_features import classify_features
    from scope.catalog.probabilities import check_frequencies
    from scope.config.load import load_config
    from scope.tasks.variables.bundles.model_bundle import ModelBundle
    from scope.tasks.variables.training.fuse import models_in_use

    config = load_config(config_path=config_path)
    check_frequencies(config)
    inference = config.inference
    groups: dict[str, str] = {
        algorithm: group_name or inference.group_of(algorithm) for algorithm in inference.algorithms
    }
    places = [models_dir] if models_dir else [Path("models"), SHIPPED_MODELS]
    folders, fusion = models_in_use(places, groups)
    settings = config.probabilities.model_dump()
    if frequencies:
        settings["lists"] = frequencies
    path = Path(output)
    classify_features(
        features,
        path,
        bundles=[ModelBundle.load(folder) for folder in folders],
        fusion_folder=fusion,
        parents=config.class_parents(),
        exclusive=config.exclusive_classes(),
        periodic=config.periodic_classes(),
        options=settings,
        facts={"config_hash": config.config_hash},
        rows=inference.batch_rows,
        workers=workers,
        write_csv=write_csv,
    )
    report_predictions(path, config.thresholds.label, config.probabilities.strange_below, report)
