"""The page about trained models, with the configured names of classes."""

from __future__ import annotations

from pathlib import Path

from scope.checkout import SHIPPED_MODELS


def plot_bundle(folder: Path, output: Path, config_path: str | None = None) -> Path:
    """Write the page of a folder of models, and return its path.

    A folder such as ``models/xgb/starter`` that is not here is that of the models that ship.

    Raises
    ------
    ScopeError
        If the models or the configuration cannot be used.
    """
    from scope.config.load import load_config
    from scope.report import plot_bundle as library

    labels = load_config(config_path=config_path).class_labels()
    if not folder.exists() and folder.parts[:1] == (SHIPPED_MODELS.name,):
        folder = SHIPPED_MODELS.parent / folder
    library.plot_bundle(folder, output, labels=labels)
    return output
