"""Training of light-curve classifiers: from the configuration to a judged bundle."""
