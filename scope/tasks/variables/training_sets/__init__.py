"""Labelled features of light curves: joining, reading, splitting, filling and scaling them."""
