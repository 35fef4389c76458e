#!/usr/bin/env python3
"""Run spectra through an ensemble by TensorFlow; docs/spectra.md explains it."""

import sys

from checkout import run

if __name__ == "__main__":
    sys.exit(run("scope.cli.ensemble_run_tf", __file__))
