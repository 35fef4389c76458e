"""Run a command by the packages of the checkout, from this folder, by any Python."""

import importlib
import importlib.util
import os
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]


def run(module: str, script: str) -> int:
    """Call ``main`` of a module; where this Python lacks packages, by that of ``make install``.

    Parameters
    ----------
    module : str
        Name of the module.
    script : str
        Path of the script that was started, which is started again where it must be.

    Returns
    -------
    int
        Exit status.
    """
    if importlib.util.find_spec("onnxruntime") is None:
        python = CHECKOUT / ".venv" / "bin" / "python"
        if not python.exists():
            print("error: packages are missing; run `make install` first", file=sys.stderr)
            return 2
        os.execv(python, [str(python), str(Path(script).resolve()), *sys.argv[1:]])
    # The folder of the scripts holds no package: that of the checkout comes first.
    sys.path[0] = str(CHECKOUT)
    status: int = importlib.import_module(module).main()
    return status
