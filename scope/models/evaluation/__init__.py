"""Evaluation: metrics of scores and probabilities, on rows that trained nothing."""
