"""One simulated quadrant through the whole workflow, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

from scope.checkout import CHECKOUT
from scope.errors import ScopeError
from scope.plugins import DEFAULT_ALGORITHMS
from scope.runs.run_workflow import run_snakemake_here


def run_demo(field: int, cores: int, report: Callable[[str], None]) -> None:
    """Run the workflow to the complete products of one field, then summarise them.

    Parameters
    ----------
    field : int
        Simulated field.
    cores : int
        CPU cores to use.
    report : callable
        Gets what is to be said, line by line.

    Raises
    ------
    ScopeError
        If the workflow fails; its own messages stand above.
    """
    from scope.catalog.summary_table import summary_lines

    target = f"field_{field}"
    products = [
        *(Path(f"results/preds_{name}/{target}.parquet") for name in DEFAULT_ALGORITHMS),
        Path(f"results/catalog/{target}.parquet"),
        Path(f"results/report/{target}.html"),
    ]
    report(f"Simulating and classifying a ZTF quadrant on {cores} cores …")
    arguments = ["--cores", str(cores), "--quiet", "rules", "host", "reason"]
    with chdir(CHECKOUT):
        status = run_snakemake_here([*arguments, "--", *map(str, products)])
    if status != 0:
        raise ScopeError(
            "the workflow failed",
            value=target,
            todo="read the message above and the files in logs/; run `make demo` again to go on",
        )
    for line in summary_lines(CHECKOUT / f"results/catalog/{target}.parquet", products):
        report(line)
