"""``make install``: compile for this machine, so that the first run does not wait for it."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from scope.cli.arguments import Parser
from scope.cli.run import run_command


def main(argv: Sequence[str] | None = None) -> int:
    """Compile what is not compiled yet."""
    parser = Parser(
        prog="python -m scope.cli.compile_kernels",
        description="Compile the period search and the features for this machine.",
    )
    return run_command(parser, run, argv)


def run(options: argparse.Namespace) -> None:
    """Compile the kernels of the configured search, and say how long it took."""
    from scope.features.compiled import MESSAGE, compile_kernels, needs_compiling

    if not needs_compiling():
        return
    print(f"{MESSAGE[0].upper()}{MESSAGE[1:]}", flush=True)
    from scope.config.load import load_config

    start = time.monotonic()
    compile_kernels(load_config().feature_options())
    print(f"Compiled in {time.monotonic() - start:.0f} s.")


if __name__ == "__main__":
    raise SystemExit(main())
