"""Unlabelled stars of real fields in training: quiet ones, without and with a signal."""

from scope.surveys.field_stars.quiet import Agreement, half_agreement, is_quiet
from scope.surveys.field_stars.sample_field_stars import FieldStarOptions, sample_field_stars

__all__ = ["Agreement", "FieldStarOptions", "half_agreement", "is_quiet", "sample_field_stars"]
