"""Scores of light curves by trained models."""

from scope.inference.infer import Scorer, infer

__all__ = ["Scorer", "infer"]
