"""What became of the stars of a field from one release to the next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from scope.errors import UsageError


def compare_releases(
    before: str,
    after: str,
    output: str,
    report: Callable[[str], None],
    *,
    cut: float = 0.5,
    least_change: float = 0.1,
) -> None:
    """Write a table of changes, and a page beside it, and report the counts.

    Parameters
    ----------
    before, after : str
        Tables of stars of the earlier and the later release.
    output : str
        Table of changes, .parquet.
    report : callable
        Gets what is to be said, line by line.
    cut : float
        Probability that makes a class.
    least_change : float
        Smallest change of a probability that is told.

    Raises
    ------
    ScopeError
        If a name or a table cannot be used.
    """
    from scope.product import delta
    from scope.report.delta import plot_delta

    table = Path(output)
    if table.suffix != ".parquet":
        raise UsageError("--output", value=output, allowed="a name that ends in .parquet")
    found = delta.compare_releases(before, after, table, cut=cut, least_change=least_change)
    page = table.with_suffix(".html")
    plot_delta(table, found, page)
    report(f"{found.before:,} stars before, {found.after:,} after")
    for change, count in found.counts.items():
        report(f"  {change:<14}{count:>10,}")
    report(f"{table} and {page}")
