"""How good scores and probabilities are, on rows that trained nothing."""
