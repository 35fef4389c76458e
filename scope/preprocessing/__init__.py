"""Imputation and scaling of features: fitted once at training, then frozen."""

from scope.preprocessing.fill_frames import impute_features
from scope.preprocessing.frozen import Filled, Preprocessing
from scope.preprocessing.impute import impute
from scope.preprocessing.strategies import SCALINGS, STRATEGIES

__all__ = ["SCALINGS", "STRATEGIES", "Filled", "Preprocessing", "impute", "impute_features"]
