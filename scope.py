#!/usr/bin/env python3
"""``./scope.py COMMAND …``: the command ``scope`` of this checkout, without installing it.

The package beside this file is what ``import scope`` finds: a folder comes before a file.
"""

import importlib.util
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> int:
    """Run the command, by the environment of the checkout where this one lacks packages."""
    if importlib.util.find_spec("pydantic") is None:
        python = HERE / ".venv" / "bin" / "python"
        if not python.exists():
            print("error: packages are missing; run `make install` first", file=sys.stderr)
            return 2
        os.execv(python, [str(python), str(HERE / "scope.py"), *sys.argv[1:]])
    from scope.cli.main import main as command

    return command(prog="scope.py")


if __name__ == "__main__":
    # First of all, also where PYTHONSAFEPATH is set.
    sys.path.insert(0, str(HERE))
    sys.exit(main())
