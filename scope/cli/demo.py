"""``make demo``: one simulated quadrant through the whole workflow, and what came of it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import chdir
from pathlib import Path

from scope.checkout import CHECKOUT
from scope.cli.arguments import Parser
from scope.cli.run import run_command
from scope.cli.workflow import run_snakemake_here
from scope.errors import ScopeError
from scope.plugins import DEFAULT_ALGORITHMS


def main(argv: Sequence[str] | None = None) -> int:
    """Run the workflow on the built-in simulation and print the table of its catalogue."""
    parser = Parser(
        prog="make demo", description="Classify one simulated ZTF quadrant with the starter models."
    )
    parser.add_argument("--cores", type=int, default=2, help="CPU cores to use")
    parser.add_argument("--field", type=int, default=700, help="simulated field to classify")
    return run_command(parser, run_demo, argv)


def run_demo(options: argparse.Namespace) -> None:
    """Run the workflow to the complete products of one field, then summarise them.

    Raises
    ------
    ScopeError
        If the workflow fails; its own messages stand above.
    """
    from scope.cli.summary import print_summary

    target = f"field_{options.field}"
    products = [
        *(Path(f"results/preds_{name}/{target}.parquet") for name in DEFAULT_ALGORITHMS),
        Path(f"results/catalog/{target}.parquet"),
        Path(f"results/report/{target}.html"),
    ]
    print(f"Simulating and classifying a ZTF quadrant on {options.cores} cores …", flush=True)
    arguments = ["--cores", str(options.cores), "--quiet", "rules", "host", "reason"]
    with chdir(CHECKOUT):
        status = run_snakemake_here([*arguments, "--", *map(str, products)])
    if status != 0:
        raise ScopeError(
            "the workflow failed",
            value=target,
            todo="read the message above and the files in logs/; run `make demo` again to go on",
        )
    print_summary(CHECKOUT / f"results/catalog/{target}.parquet", products)


if __name__ == "__main__":
    raise SystemExit(main())
