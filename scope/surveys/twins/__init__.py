"""Copies of training light curves: on the same epochs without variability, or with few epochs."""

from scope.surveys.twins.labels import KINDS, VARIABLE, possible_kinds, twin_labels
from scope.surveys.twins.write import CopyOptions, Parent, make_twins, read_parents, read_truth

__all__ = [
    "KINDS",
    "VARIABLE",
    "CopyOptions",
    "Parent",
    "make_twins",
    "possible_kinds",
    "read_parents",
    "read_truth",
    "twin_labels",
]
