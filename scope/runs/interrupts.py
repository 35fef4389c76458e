"""What an interrupt from the keyboard says: nothing, of a process that is only starting.

``python -m scope.runs.interrupts`` is ``python -m snakemake`` that says nothing either while it
loads its libraries, which takes longer than some people wait.
"""

from __future__ import annotations

import runpy
import sys
from types import TracebackType


def quiet_interrupts() -> None:
    """Let an interrupt that nobody catches end this process without a traceback.

    Snakemake ends its jobs on Ctrl-C by itself once it runs some; while it still reads the
    workflow, Python would show where it was.
    """
    told = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            told(kind, error, trace)

    sys.excepthook = hook


if __name__ == "__main__":
    quiet_interrupts()
    runpy.run_module("snakemake", run_name="__main__", alter_sys=True)
