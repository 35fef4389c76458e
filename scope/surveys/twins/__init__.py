"""Copies of training light curves: on the same epochs without variability, or with few epochs."""

from scope.surveys.twins.copies import CopyOptions, copies_of
from scope.surveys.twins.make_twins import LIGHT_CURVES, TRUTH, make_twins
from scope.surveys.twins.parents import Parent, read_parents, read_truth
from scope.surveys.twins.twin_labels import KINDS, VARIABLE, possible_kinds, twin_labels

__all__ = [
    "KINDS",
    "LIGHT_CURVES",
    "TRUTH",
    "VARIABLE",
    "CopyOptions",
    "Parent",
    "copies_of",
    "make_twins",
    "possible_kinds",
    "read_parents",
    "read_truth",
    "twin_labels",
]
