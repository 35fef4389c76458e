#!/usr/bin/env python3
"""Train an ensemble of QuasarNET classifiers; docs/spectra.md explains it."""

import sys

from checkout import run

if __name__ == "__main__":
    sys.exit(run("scope.cli.train_qnet_ensemble", __file__))
