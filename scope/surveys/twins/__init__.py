"""Copies of training light curves: on the same epochs without variability, or with few epochs."""

from scope.surveys.twins.labels import KINDS, possible_kinds, twin_labels
from scope.surveys.twins.write import CopyOptions, make_twins

__all__ = ["KINDS", "CopyOptions", "make_twins", "possible_kinds", "twin_labels"]
