"""Options of the frequencies of classes among the light curves of a target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class PrevalenceOptions:
    """Frequencies that classes are taken to have among the light curves of a target.

    Attributes
    ----------
    estimate : bool
        Take it from the target's own scores; otherwise from the training set.
    min_rows : int
        With fewer classified rows nothing is estimated.
    stated : dict of class tag to float
        Shares that are known otherwise; they go first.
    most_distance : float
        Classes whose scores are further than this from those of training keep the frequency
        of the training set; see `scope.models.calibration.class_frequencies`.
    why_not : str
        Why nothing is estimated, where `estimate` is False.
    """

    estimate: bool = True
    min_rows: int = 1000
    stated: Mapping[str, float] = field(default_factory=dict)
    most_distance: float = 0.1
    why_not: str = "as configured"


def prevalence_options(options: Mapping[str, Any], listed: bool) -> PrevalenceOptions:
    """Return the options from the section ``probabilities`` of the configuration."""
    chosen = options["lists"] if listed else options["prevalence"]
    return PrevalenceOptions(
        chosen == "estimated",
        options["min_rows"],
        options["stated"],
        options["most_distance"],
        "a list is no fair sample" if listed else "as configured",
    )
