"""Figures and importances of trained classes, a file each."""

from __future__ import annotations

from collections.abc import Callable

from scope.config.algorithms import known_algorithm


def assemble_training_stats(
    models_dir: str,
    algorithm: str,
    group_name: str,
    report: Callable[[str], None],
    *,
    set_name: str,
    stats_directory: str,
    importance_directory: str,
) -> None:
    """Write the files, and say where they are.

    Parameters
    ----------
    models_dir, algorithm, group_name : str
        The models are in ``<models_dir>/<algorithm>/<group>``.
    report : callable
        Gets what is to be said, line by line.
    set_name : str
        Which stars figures are of.
    stats_directory, importance_directory : str
        Figures go to ``<algorithm>_<first>/<class>.json``, importances of features in trees to
        ``<second>/<class>.json``.

    Raises
    ------
    ScopeError
        If the algorithm is not known, or models cannot be used.
    """
    from scope.tasks.variables.training import assemble_training_stats as library

    written = library.assemble_training_stats(
        models_dir,
        known_algorithm(algorithm),
        group_name,
        part=set_name,
        stats_directory=stats_directory,
        importance_directory=importance_directory,
    )
    for folder in dict.fromkeys(path.parent for path in written):
        report(f"{folder}: {sum(path.parent == folder for path in written)} classes")
