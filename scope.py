#!/usr/bin/env python3
"""``./scope.py COMMAND …``: the command ``scope`` of this checkout, without installing it.

The package beside this file is what ``import scope`` finds: a folder comes before a file.
"""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> int:
    """Run the command, by the environment of the checkout where this one lacks packages."""
    try:
        from scope.cli.main import main as command
    except ModuleNotFoundError:
        python = HERE / ".venv" / "bin" / "python"
        if not python.exists() or Path(sys.prefix) == python.parents[1]:
            raise
        os.execv(python, [str(python), str(HERE / "scope.py"), *sys.argv[1:]])
    return command(prog="scope.py")


if __name__ == "__main__":
    # First of all, also where PYTHONSAFEPATH is set.
    sys.path.insert(0, str(HERE))
    sys.exit(main())
