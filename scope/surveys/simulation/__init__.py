"""A simulated ZTF quadrant: stars of known class and period, seen as the survey sees them.

`simulate_quadrant` writes the layout of the survey's bulk files, so that everything that
reads real data reads it too; `simulate_stars` gives light curves in memory.
"""

from scope.surveys.simulation.classes import CLASSES, MIXES, StarClass, labels_of
from scope.surveys.simulation.memory import TRUTH_SCHEMA, simulate_stars
from scope.surveys.simulation.write import SimulationSummary, simulate_quadrant

__all__ = [
    "CLASSES",
    "MIXES",
    "TRUTH_SCHEMA",
    "SimulationSummary",
    "StarClass",
    "labels_of",
    "simulate_quadrant",
    "simulate_stars",
]
