"""Bundles of light-curve classifiers: reading, writing, extending, importing them."""
