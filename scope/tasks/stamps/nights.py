"""Names of the configuration: nights of alerts, and the model that scores them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from scope.errors import ConfigError
from scope.models.places import bundle_folder
from scope.models.task import find_task


def alerts_of(night: str, alerts: Mapping[str, str]) -> str:
    """Return where the packets of a night are.

    Raises
    ------
    ConfigError
        If the configuration does not know the night.
    """
    if night not in alerts:
        raise ConfigError(
            "night of alerts that is not configured",
            value=night,
            allowed=alerts,
            todo="name it in stamps.alerts",
        )
    return str(Path(alerts[night]).expanduser())


def stamp_bundle_folder(roots: Sequence[Path], algorithm: str, group: str) -> Path:
    """Return the folder of a model of stamps; raises as `bundle_folder`."""
    return bundle_folder(roots, find_task("stamps"), algorithm, group)
