"""Stars and catalogues in formats that other tools open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from scope.errors import UsageError

Report = Callable[[str], None]


def export(
    files: Sequence[str],
    kind: str,
    output: str,
    report: Report,
    *,
    light_curves: Sequence[str] | None = None,
    name: str = "stars",
    max_rows: int = 20_000,
    margin: float = 10.0,
) -> None:
    """Write what was asked for, and say what it is.

    Parameters
    ----------
    files : sequence of str
        Of ``results/stars`` or ``results/catalog``; several for hats and moc only.
    kind : str
        ``hats``, ``votable``, ``fits``, ``moc``, ``csv`` or ``h5``.
    output : str
        File to write; for hats, a folder.
    report : callable
        Gets what is to be said, line by line.
    light_curves : sequence of str, optional
        hats: units of cleaned light curves; by default those beside the files.
    name : str
        hats: of the catalogue.
    max_rows : int
        hats: stars of a partition.
    margin : float
        hats: width of the margin, arcsec.

    Raises
    ------
    UsageError
        If there are too many files, the name does not fit, or the margin is out of range.
    ScopeError
        If a file cannot be used.
    """
    if kind == "hats":
        _hats(files, output, report, light_curves, name, max_rows, margin)
        return
    if kind == "moc":
        from scope.product.coverage import write_coverage

        part = write_coverage(files, output)
        report(f"{output}: {41252.96 * part:.2f} square degrees")
        return
    if len(files) > 1:
        raise UsageError(
            f"files for --format {kind}",
            value=len(files),
            allowed="one; several go into hats, or into one by scope publish-stars",
        )
    (path,) = files
    rows = _table(kind, path, output)
    report(f"{output}: {rows:,} rows")


def _table(kind: str, path: str, output: str) -> int:
    from scope.io import count_rows

    if kind in ("csv", "h5"):
        from scope.catalog.export import export as export_table

        if Path(output).suffix != f".{kind}":
            raise UsageError("--output", value=output, allowed=f"a name that ends in .{kind}")
        export_table(path, output)
        return count_rows(path)
    from scope.product.votable_fits import write_fits, write_votable

    return write_votable(path, output) if kind == "votable" else write_fits(path, output)


def _hats(
    files: Sequence[str],
    output: str,
    report: Report,
    light_curves: Sequence[str] | None,
    name: str,
    max_rows: int,
    margin: float,
) -> None:
    from scope.product.hats import export_hats
    from scope.targets.paths import units_beside

    if not 0 < margin <= 3600:
        raise UsageError("--margin", value=margin, allowed="above 0, at most 3600 arcsec")
    units: Sequence[str | Path] = (
        units_beside(files, "lightcurves") if light_curves is None else light_curves
    )
    found = export_hats(
        files, output, light_curves=units, name=name, max_rows=max_rows, margin_arcsec=margin
    )
    report(
        f"{output}: {found.stars:,} stars in {found.partitions:,} partitions, "
        f"{found.written:,} of them written now"
    )
    if found.left_out:
        report(f"  {found.left_out:,} stars without a position stand in left_out.parquet")
    if found.without_points:
        report(f"  {found.without_points:,} stars have no points in the files of light curves")
        if not units:
            report("  (none found: run snakemake with --notemp, or give --light-curves)")
