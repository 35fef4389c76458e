"""Published models as a bundle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from scope.errors import UsageError


def import_models(
    folder: Path,
    report: Callable[[str], None],
    *,
    algorithm: str,
    models_dir: Path,
    group: str | None = None,
    training_set: Path | None = None,
    feature_stats: Path | None = None,
    scaling: str | None = None,
    config_path: str | None = None,
) -> None:
    """Write a bundle of published models, and say where it is.

    Parameters
    ----------
    folder : Path
        With ``<class>/<class>.<time>.h5`` or ``.json``; for spectra an ensemble or weights.
    report : callable
        Gets what is to be said, line by line.
    algorithm : str
        What they are.
    models_dir : Path
        Folder that gets the bundle.
    group : str, optional
        Name of the bundle; by default that of the folder.
    training_set, feature_stats : Path, optional
        What they were trained on, or statistics of its features; one of both, where models take
        features.
    scaling : {"min_max", "median_std"}, optional
        How features were scaled; by default the first.
    config_path : str, optional
        Configuration file to use.

    Raises
    ------
    ScopeError
        If models, the training set or the configuration cannot be used.
    """
    from scope.config.load import load_config
    from scope.models.algorithm import find_algorithm
    from scope.models.places import writing_folder
    from scope.models.task import find_task
    from scope.plugins import TASKS
    from scope.tasks.variables.bundles import import_models as library
    from scope.tasks.variables.bundles.model_bundle import VARIABLES

    config = load_config(config_path=config_path)
    served = [task for task in map(find_task, TASKS) if algorithm in task.algorithms]
    if find_algorithm(algorithm).published_suffix and served and VARIABLES not in served:
        if training_set or feature_stats or scaling:
            raise UsageError(
                "statistics or scaling of features for models that take none",
                value=algorithm,
                todo="leave out --training-set, --feature-stats and --scale-features",
            )
        output = writing_folder(models_dir, served[0], algorithm, group or folder.resolve().stem)
        written = served[0].import_models(folder, output, algorithm)
        report(f"{written.folder}: {len(written.members)} members")
        return
    bundle = library.import_models(
        folder,
        writing_folder(models_dir, VARIABLES, algorithm, group or folder.resolve().name),
        algorithm=algorithm,
        definitions=config.class_definitions(),
        features={k: config.model_features(k) for k in ("phenomenological", "ontological")},
        impute=config.imputation(),
        period_suffix=config.features.info.period_suffix,
        training_set=training_set,
        statistics=feature_stats,
        scaling=scaling or "min_max",
    )
    report(f"{bundle.folder}: {len(bundle.classes)} classes, {', '.join(bundle.classes)}")
