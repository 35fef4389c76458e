"""Variable stars: which classes a light curve belongs to, by its features and histogram."""

from scope.tasks.variables.bundles.model_bundle import VARIABLES as TASK

__all__ = ["TASK"]
