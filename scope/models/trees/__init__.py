"""Gradient-boosted trees: training, files looked at before use, scoring."""
