#!/usr/bin/env python3
"""Follow the events of the General Coordinates Network; docs/gcn.md says how cron runs it.

It works in any working directory and in cron's bare environment: the run's folder is the
working directory if that holds a configuration, else the folder of this file.
"""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def prepare() -> None:
    """Give this process and those that it starts what a login would have given them."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    own = str(Path(sys.executable).parent)
    if own not in folders:
        folders.insert(0, own)
    os.environ["PATH"] = os.pathsep.join(folders)
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE), *(p for p in paths if p)])
    if not (Path("config.yaml").is_file() or Path("config").is_dir()):
        os.chdir(HERE)


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    prepare()
    from scope.cli.gcn import main

    sys.exit(main())
