"""Calibration: probabilities of scores, prediction sets, class frequencies, the class tree."""
