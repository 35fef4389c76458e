"""Classifiers of light curves: training, bundles of models, and scoring with them."""
