#!/usr/bin/env python3
"""Train an ensemble of QuasarNET classifiers; docs/spectra.md explains it."""

import importlib.util
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def run() -> int:
    """Run the command, by the environment of the checkout where this one lacks packages."""
    if importlib.util.find_spec("onnxruntime") is None:
        python = HERE.parent / ".venv" / "bin" / "python"
        if not python.exists():
            print("error: packages are missing; run `make install` first", file=sys.stderr)
            return 2
        os.execv(python, [str(python), str(Path(__file__).resolve()), *sys.argv[1:]])
    from scope.cli.train_qnet_ensemble import main

    return main()


if __name__ == "__main__":
    # The folder of this file holds no package: that of the checkout comes first.
    sys.path[0] = str(HERE.parent)
    sys.exit(run())
