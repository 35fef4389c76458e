"""A simulated ZTF quadrant: stars of known class and period, seen as the survey sees them.

`simulate_quadrant` writes the layout of the survey's bulk files, so that everything that
reads real data reads it too; `simulate_stars` gives light curves in memory.
"""

from scope.surveys.simulation.in_memory import TRUTH_SCHEMA, simulate_stars
from scope.surveys.simulation.simulate import SimulationSummary, simulate_quadrant
from scope.surveys.simulation.sky_classes import CLASSES, MIXES, StarClass, labels_of

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
